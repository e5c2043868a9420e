import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;

/** Reads frames and writes answers. See ../README.md. */
final class Frames {
  interface Decoder {
    /** The answer, or null: refused. */
    byte[] answer(int kind, byte[] data) throws IOException;
  }

  static void serve(Decoder decoder) throws IOException {
    DataInputStream in = new DataInputStream(new BufferedInputStream(System.in, 1 << 16));
    OutputStream out = new BufferedOutputStream(System.out, 1 << 16);
    for (int kind = in.read(); kind >= 0; kind = in.read()) {
      byte[] data = new byte[Integer.reverseBytes(in.readInt())];
      in.readFully(data);
      byte[] answer = decoder.answer(kind, data);
      int length = answer == null ? -1 : answer.length;
      for (int shift = 0; shift < 32; shift += 8) {
        out.write(length >> shift);
      }
      if (answer != null) {
        out.write(answer);
      }
      if (in.available() == 0) {
        out.flush();
      }
    }
    out.flush();
  }

  private Frames() {}
}
