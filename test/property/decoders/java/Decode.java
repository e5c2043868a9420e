import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.DynamicMessage;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.signalbox.v1.ClientFrame;
import org.signalbox.v1.ServerFrame;

/** protobuf-java: generated code, or with the argument `dynamic` DynamicMessage. */
public final class Decode {
  public static void main(String[] args) throws IOException {
    boolean dynamic = args.length > 0 && args[0].equals("dynamic");
    Frames.serve((kind, data) -> answer(kind, data, dynamic));
  }

  private static byte[] answer(int kind, byte[] data, boolean dynamic) {
    boolean server = (kind & 1) == 1;
    try {
      Message message;
      if (dynamic) {
        message = DynamicMessage.parseFrom(server ? ServerFrame.getDescriptor() : ClientFrame.getDescriptor(), data);
      } else {
        message = server ? ServerFrame.parseFrom(data) : ClientFrame.parseFrom(data);
      }
      return kind >= 2 ? message.toByteArray() : dump(message).getBytes(StandardCharsets.US_ASCII);
    } catch (InvalidProtocolBufferException refused) {
      return null;
    }
  }

  private static String dump(Message message) {
    StringBuilder out = new StringBuilder("{");
    for (Map.Entry<FieldDescriptor, Object> entry : message.getAllFields().entrySet()) {
      FieldDescriptor field = entry.getKey();
      String prefix = field.getNumber() + ":";
      if (field.isMapField()) {
        FieldDescriptor ofKey = field.getMessageType().findFieldByNumber(1);
        FieldDescriptor ofValue = field.getMessageType().findFieldByNumber(2);
        // DynamicMessage keeps entries as they came: the last one of a key counts.
        TreeMap<String, String> entries = new TreeMap<>();
        for (Object item : (List<?>) entry.getValue()) {
          Message pair = (Message) item;
          entries.put(value(ofKey, pair.getField(ofKey)), value(ofValue, pair.getField(ofValue)));
        }
        entries.forEach((key, item) -> out.append(prefix).append("{1:").append(key).append(";2:").append(item).append(";};"));
      } else if (field.isRepeated()) {
        for (Object item : (List<?>) entry.getValue()) {
          out.append(prefix).append(value(field, item)).append(';');
        }
      } else {
        out.append(prefix).append(value(field, entry.getValue())).append(';');
      }
    }
    return out.append('}').toString();
  }

  private static String value(FieldDescriptor field, Object item) {
    switch (field.getType()) {
      case MESSAGE:
        return dump((Message) item);
      case STRING:
        return hex(((String) item).getBytes(StandardCharsets.UTF_8));
      case BYTES:
        return hex(((ByteString) item).toByteArray());
      case BOOL:
        return ((Boolean) item) ? "1" : "0";
      case ENUM:
        return Integer.toString(((EnumValueDescriptor) item).getNumber());
      case UINT32:
        return Integer.toUnsignedString((Integer) item);
      case UINT64:
        return Long.toUnsignedString((Long) item);
      default:
        return item.toString();
    }
  }

  private static String hex(byte[] bytes) {
    StringBuilder out = new StringBuilder("x");
    for (byte b : bytes) {
      out.append(Character.forDigit((b >> 4) & 15, 16)).append(Character.forDigit(b & 15, 16));
    }
    return out.toString();
  }

  private Decode() {}
}
