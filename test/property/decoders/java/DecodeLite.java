import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import java.io.IOException;
import org.signalbox.v1.ClientFrame;
import org.signalbox.v1.ServerFrame;

/** protobuf-javalite, as on Android. It has no reflection: it can only encode again what it read. */
public final class DecodeLite {
  public static void main(String[] args) throws IOException {
    Frames.serve(DecodeLite::answer);
  }

  private static byte[] answer(int kind, byte[] data) {
    try {
      MessageLite message = (kind & 1) == 1 ? ServerFrame.parseFrom(data) : ClientFrame.parseFrom(data);
      return message.toByteArray();
    } catch (InvalidProtocolBufferException refused) {
      return null;
    }
  }

  private DecodeLite() {}
}
