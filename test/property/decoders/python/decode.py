"""Decodes frames with protobuf for Python. See ../README.md.

Arguments: a file with the schema as a FileDescriptorSet; a folder to take the library from (optional).
"""

import struct
import sys

sys.path[1:1] = sys.argv[2:]

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory  # noqa: E402
from google.protobuf.descriptor import FieldDescriptor  # noqa: E402
from google.protobuf.message import DecodeError  # noqa: E402


def load(path):
    pool = descriptor_pool.DescriptorPool()
    with open(path, "rb") as schema:
        for file in descriptor_pb2.FileDescriptorSet.FromString(schema.read()).file:
            pool.Add(file)
    frames = [pool.FindMessageTypeByName(f"signalbox.v1.{name}") for name in ("ClientFrame", "ServerFrame")]
    if hasattr(message_factory, "GetMessageClass"):
        return [message_factory.GetMessageClass(frame) for frame in frames]
    factory = message_factory.MessageFactory(pool)  # before protobuf 4.22
    return [factory.GetPrototype(frame) for frame in frames]


TYPES = load(sys.argv[1])


def is_map(field):
    return field.message_type is not None and field.message_type.GetOptions().map_entry


def is_repeated(field):
    if hasattr(field, "is_repeated"):  # protobuf 6.31
        return field.is_repeated
    return field.label == FieldDescriptor.LABEL_REPEATED


def value(field, item):
    if field.type == FieldDescriptor.TYPE_MESSAGE:
        return dump(item)
    if field.type == FieldDescriptor.TYPE_STRING:
        return "x" + item.encode("utf-8").hex()
    if field.type == FieldDescriptor.TYPE_BYTES:
        return "x" + item.hex()
    return str(int(item))


def dump(message):
    out = ["{"]
    for field, item in sorted(message.ListFields(), key=lambda pair: pair[0].number):
        if is_map(field):
            of_value = field.message_type.fields_by_name["value"]
            entries = sorted(("x" + key.encode("utf-8").hex(), value(of_value, item[key])) for key in item)
            out += [f"{field.number}:{{1:{key};2:{entry};}};" for key, entry in entries]
        elif is_repeated(field):
            out += [f"{field.number}:{value(field, element)};" for element in item]
        else:
            out.append(f"{field.number}:{value(field, item)};")
    out.append("}")
    return "".join(out)


def answer(kind, data):
    message = TYPES[kind & 1]()
    try:
        message.ParseFromString(data)
    except DecodeError:
        return None
    return message.SerializeToString() if kind >= 2 else dump(message).encode("ascii")


def main():
    read, write = sys.stdin.buffer.read, sys.stdout.buffer.write
    while header := read(5):
        kind, length = struct.unpack("<BI", header)
        text = answer(kind, read(length))
        write(struct.pack("<I", 0xFFFFFFFF) if text is None else struct.pack("<I", len(text)) + text)
        sys.stdout.buffer.flush()


main()
