//! Decodes frames with prost and encodes them again. See ../../README.md.

use prost::Message;
use std::io::{self, BufReader, BufWriter, Read, Write};

#[allow(clippy::all, rustdoc::all, dead_code)]
mod v1 {
    include!(concat!(env!("OUT_DIR"), "/signalbox.v1.rs"));
}

fn answer(kind: u8, data: &[u8]) -> Option<Vec<u8>> {
    if kind & 1 == 1 {
        v1::ServerFrame::decode(data).ok().map(|frame| frame.encode_to_vec())
    } else {
        v1::ClientFrame::decode(data).ok().map(|frame| frame.encode_to_vec())
    }
}

fn main() -> io::Result<()> {
    let mut input = BufReader::with_capacity(1 << 16, io::stdin());
    let mut output = BufWriter::with_capacity(1 << 16, io::stdout());
    let mut header = [0u8; 5];
    while input.read_exact(&mut header).is_ok() {
        let length = u32::from_le_bytes([header[1], header[2], header[3], header[4]]);
        let mut data = vec![0u8; length as usize];
        input.read_exact(&mut data)?;
        match answer(header[0], &data) {
            Some(encoded) => {
                output.write_all(&(encoded.len() as u32).to_le_bytes())?;
                output.write_all(&encoded)?;
            }
            None => output.write_all(&u32::MAX.to_le_bytes())?,
        }
        if input.buffer().is_empty() {
            output.flush()?;
        }
    }
    Ok(())
}
