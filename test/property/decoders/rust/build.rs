use prost::Message;

// The schema comes as a descriptor set, so that no protoc is needed.
fn main() {
    let image = std::env::var("SIGNALBOX_IMAGE").expect("SIGNALBOX_IMAGE names the schema's descriptor set");
    println!("cargo:rerun-if-changed={image}");
    let bytes = std::fs::read(image).expect("the image can be read");
    let set = prost_types::FileDescriptorSet::decode(&bytes[..]).expect("the image is a descriptor set");
    prost_build::Config::new().compile_fds(set).expect("the schema compiles");
}
