// Decodes frames with google.golang.org/protobuf, generated code. See ../README.md.
package main

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"io"
	"os"
	"sort"
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	signalboxv1 "signalbox/v1"
)

const refused = 0xffffffff

func value(field protoreflect.FieldDescriptor, item protoreflect.Value) string {
	switch field.Kind() {
	case protoreflect.MessageKind:
		return dump(item.Message())
	case protoreflect.EnumKind:
		return strconv.Itoa(int(item.Enum()))
	case protoreflect.StringKind:
		return "x" + hex.EncodeToString([]byte(item.String()))
	case protoreflect.BytesKind:
		return "x" + hex.EncodeToString(item.Bytes())
	case protoreflect.BoolKind:
		if item.Bool() {
			return "1"
		}
		return "0"
	default:
		return item.String()
	}
}

func dump(message protoreflect.Message) string {
	var fields []protoreflect.FieldDescriptor
	message.Range(func(field protoreflect.FieldDescriptor, _ protoreflect.Value) bool {
		fields = append(fields, field)
		return true
	})
	sort.Slice(fields, func(i, j int) bool { return fields[i].Number() < fields[j].Number() })
	var out strings.Builder
	out.WriteString("{")
	for _, field := range fields {
		prefix := strconv.Itoa(int(field.Number())) + ":"
		item := message.Get(field)
		switch {
		case field.IsMap():
			entries := map[string]string{}
			var keys []string
			item.Map().Range(func(key protoreflect.MapKey, entry protoreflect.Value) bool {
				text := value(field.MapKey(), key.Value())
				entries[text] = value(field.MapValue(), entry)
				keys = append(keys, text)
				return true
			})
			sort.Strings(keys)
			for _, key := range keys {
				out.WriteString(prefix + "{1:" + key + ";2:" + entries[key] + ";};")
			}
		case field.IsList():
			for i := 0; i < item.List().Len(); i++ {
				out.WriteString(prefix + value(field, item.List().Get(i)) + ";")
			}
		default:
			out.WriteString(prefix + value(field, item) + ";")
		}
	}
	out.WriteString("}")
	return out.String()
}

func answer(kind byte, data []byte) ([]byte, bool) {
	var message proto.Message = &signalboxv1.ClientFrame{}
	if kind&1 == 1 {
		message = &signalboxv1.ServerFrame{}
	}
	if err := proto.Unmarshal(data, message); err != nil {
		return nil, false
	}
	if kind >= 2 {
		encoded, err := proto.Marshal(message)
		return encoded, err == nil
	}
	return []byte(dump(message.ProtoReflect())), true
}

func main() {
	in := bufio.NewReaderSize(os.Stdin, 1<<16)
	out := bufio.NewWriterSize(os.Stdout, 1<<16)
	var header [5]byte
	var size [4]byte
	for {
		if _, err := io.ReadFull(in, header[:]); err != nil {
			return
		}
		data := make([]byte, binary.LittleEndian.Uint32(header[1:]))
		if _, err := io.ReadFull(in, data); err != nil {
			os.Exit(1)
		}
		text, ok := answer(header[0], data)
		length := uint32(len(text))
		if !ok {
			length, text = refused, nil
		}
		binary.LittleEndian.PutUint32(size[:], length)
		out.Write(size[:])
		out.Write(text)
		if in.Buffered() == 0 {
			out.Flush()
		}
	}
}
