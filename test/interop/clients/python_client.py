"""python3-grpcio as Debian packages it, played by lines of JSON.

Arguments: address, file with the FileDescriptorSet of the schema.
In:  {"do": "open", "session", "token", "first": [frame]} | {"do": "say", "session", "id", "frame"} | {"do": "hang-up", "session"}
Out: {"session", "heard": frame, "response": base64} | {"session", "ended": status} | {"session", "said": id, "bytes": base64}
"""

import base64
import json
import queue
import sys
import threading

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

ADDRESS, DESCRIPTORS = sys.argv[1:3]
METHOD = "/signalbox.v1.SignalingService/Connect"

pool = descriptor_pool.DescriptorPool()
with open(DESCRIPTORS, "rb") as file:
    for proto in descriptor_pb2.FileDescriptorSet.FromString(file.read()).file:
        pool.Add(proto)


def message(name):
    descriptor = pool.FindMessageTypeByName("signalbox.v1." + name)
    if hasattr(message_factory, "GetMessageClass"):
        return message_factory.GetMessageClass(descriptor)
    return message_factory.MessageFactory(pool).GetPrototype(descriptor)


ConnectRequest = message("ConnectRequest")
ConnectResponse = message("ConnectResponse")
printing = threading.Lock()


def tell(**line):
    with printing:
        print(json.dumps(line), flush=True)


class Session:
    def __init__(self, name, token, first):
        self.name = name
        self.requests = queue.SimpleQueue()
        self.channel = grpc.insecure_channel(ADDRESS)
        connect = self.channel.stream_stream(
            METHOD,
            request_serializer=ConnectRequest.SerializeToString,
            response_deserializer=lambda data: (data, ConnectResponse.FromString(data)),
        )
        # The token goes in the metadata, where the other clients put it into Hello.
        metadata = [("authorization", "Bearer " + token)] if token else []
        self.say({"hello": {"deviceId": "python-" + name}})
        for frame in first:
            self.say(frame)
        self.call = connect(iter(self.requests.get, None), metadata=metadata)
        threading.Thread(target=self.listen, daemon=True).start()

    def say(self, frame):
        request = json_format.ParseDict({"frame": frame}, ConnectRequest())
        self.requests.put(request)
        return request.frame.SerializeToString()

    def listen(self):
        try:
            for data, response in self.call:
                frame = json_format.MessageToDict(response)["frame"]
                tell(session=self.name, heard=frame, response=base64.b64encode(data).decode())
            status = "ok"
        except grpc.RpcError as error:
            status = error.code().name.lower()
        tell(session=self.name, ended=status)


sessions = {}
for line in sys.stdin:
    command = json.loads(line)
    name = command["session"]
    if command["do"] == "open":
        sessions[name] = Session(name, command["token"], command["first"])
    elif command["do"] == "say":
        said = sessions[name].say(command["frame"])
        tell(session=name, said=command["id"], bytes=base64.b64encode(said).decode())
    else:
        sessions[name].call.cancel()
