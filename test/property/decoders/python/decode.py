"""Decodes frames with protobuf for Python. See ../README.md. Argument: a file with the schema as a FileDescriptorSet."""

import struct
import sys

from google.protobuf import descriptor_pb2, message_factory
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError

with open(sys.argv[1], "rb") as schema:
    MESSAGES = message_factory.GetMessages(descriptor_pb2.FileDescriptorSet.FromString(schema.read()).file)
TYPES = (MESSAGES["signalbox.v1.ClientFrame"], MESSAGES["signalbox.v1.ServerFrame"])


def is_map(field):
    return field.message_type is not None and field.message_type.GetOptions().map_entry


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
        elif field.label == FieldDescriptor.LABEL_REPEATED:
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
