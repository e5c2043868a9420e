import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** How to start a decoder. */
export interface Decoder {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** It cannot show what it read, only encode it again. */
  readonly lite: boolean;
}

/** A decoder whose tools are not on this machine, or whose build failed. */
export interface Missing {
  readonly name: string;
  readonly why: string;
}

const here = fileURLToPath(new URL('.', import.meta.url));
const root = join(here, '../../..');
const proto = join(root, 'proto');
const buf = join(root, 'node_modules/.bin/buf');
const cache = join(root, 'node_modules/.cache/signalbox-decoders');
const PROTOBUF_JAVA = '4.33.1';
const PROTOBUF_PYTHON = '6.33.5';

function run(
  command: string,
  args: readonly string[],
  cwd = root,
  variables: NodeJS.ProcessEnv = {},
): string {
  return execFileSync(command, args, {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

function folder(name: string): string {
  const path = join(cache, name);
  mkdirSync(path, { recursive: true });
  return path;
}

function protoFiles(): string[] {
  const files = readdirSync(join(proto, 'signalbox/v1')).filter((name) => name.endsWith('.proto'));
  return files.map((name) => `signalbox/v1/${name}`);
}

/** The schema as a FileDescriptorSet, google/protobuf/*.proto included. */
function schemaImage(): string {
  const image = join(folder('image'), 'signalbox.binpb');
  run(buf, ['build', proto, '-o', image]);
  return image;
}

/** By a descriptor set: `protoc` from Maven Central comes without google/protobuf/*.proto. */
function protoc(command: string, args: readonly string[]): void {
  const image = schemaImage();
  run(command, [`--descriptor_set_in=${image}`, ...args, ...protoFiles()]);
}

function decoder(name: string, command: string, args: readonly string[], lite = false): Decoder {
  return { name, command, args, lite };
}

/** Needs no generated code and nothing that is fetched: quick enough for every run of the tests. */
export function buildPython(): Decoder {
  // Debian's own interpreter: another one on the path may not see Debian's packages.
  const python = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3';
  run(python, ['-c', 'import google.protobuf']);
  return decoder('python', python, [join(here, 'python/decode.py'), schemaImage()]);
}

/** Since 4.21 protobuf for Python, like that for Ruby and PHP, decodes with upb: another decoder than Debian's. */
function buildUpb(): Decoder {
  const library = folder(`upb-${PROTOBUF_PYTHON}`);
  if (!existsSync(join(library, 'google'))) {
    run('python3', ['-m', 'pip', 'install', '--quiet', '--target', library, `protobuf==${PROTOBUF_PYTHON}`]);
  }
  return decoder('python, upb', 'python3', [join(here, 'python/decode.py'), schemaImage(), library]);
}

function buildRust(): Decoder {
  const out = folder('rust');
  cpSync(join(here, 'rust'), out, { recursive: true });
  const target = join(out, 'target');
  const args = ['build', '--quiet', '--release', '--target-dir', target];
  run('cargo', args, out, { SIGNALBOX_IMAGE: schemaImage() });
  return decoder('rust, prost', join(target, 'release/decode'), [], true);
}

function buildCpp(): Decoder {
  const out = folder('cpp');
  protoc('protoc', [`--cpp_out=${out}`]);
  const sources = protoFiles().map((name) => join(out, name.replace('.proto', '.pb.cc')));
  const binary = join(out, 'decode');
  run('g++', [
    '-std=c++17',
    '-O1',
    `-I${out}`,
    '-o',
    binary,
    join(here, 'cpp/decode.cc'),
    ...sources,
    '-lprotobuf',
    '-lpthread',
  ]);
  return decoder('c++', binary, []);
}

function fetchFromMaven(artifact: string, out: string): void {
  run('mvn', ['-q', '-B', 'dependency:copy', `-Dartifact=${artifact}`, `-DoutputDirectory=${out}`], out);
}

function buildJavaWith(artifact: string, option: string, main: string): { out: string; classpath: string } {
  const out = folder(artifact);
  const platform = process.arch === 'arm64' ? 'linux-aarch_64' : 'linux-x86_64';
  const exe = join(out, `protoc-${PROTOBUF_JAVA}-${platform}.exe`);
  const jar = join(out, `${artifact}-${PROTOBUF_JAVA}.jar`);
  if (!existsSync(exe)) fetchFromMaven(`com.google.protobuf:protoc:${PROTOBUF_JAVA}:exe:${platform}`, out);
  if (!existsSync(jar)) fetchFromMaven(`com.google.protobuf:${artifact}:${PROTOBUF_JAVA}`, out);
  run('chmod', ['+x', exe]);
  const generated = folder(`${artifact}/generated`);
  protoc(exe, [`--java_out=${option}${generated}`]);
  const classes = folder(`${artifact}/classes`);
  const sources = readdirSync(generated, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.java'),
  );
  const list = join(out, 'sources.txt');
  const files = [
    ...sources.map((name) => join(generated, name)),
    join(here, 'java/Frames.java'),
    join(here, 'java', `${main}.java`),
  ];
  writeFileSync(list, files.join('\n'));
  run('javac', ['-nowarn', '-d', classes, '-cp', jar, `@${list}`]);
  return { out, classpath: `${classes}:${jar}` };
}

function buildJava(): Decoder {
  const { classpath } = buildJavaWith('protobuf-java', '', 'Decode');
  return decoder('java', 'java', ['-cp', classpath, 'Decode']);
}

function buildJavaDynamic(): Decoder {
  const { classpath } = buildJavaWith('protobuf-java', '', 'Decode');
  return decoder('java, dynamic', 'java', ['-cp', classpath, 'Decode', 'dynamic']);
}

function buildJavaLite(): Decoder {
  const { classpath } = buildJavaWith('protobuf-javalite', 'lite:', 'DecodeLite');
  return decoder('java, lite', 'java', ['-cp', classpath, 'DecodeLite'], true);
}

function buildGo(): Decoder {
  const out = folder('go');
  cpSync(join(here, 'go'), out, { recursive: true });
  const plugin = join(out, 'protoc-gen-go');
  run('go', ['mod', 'download', 'google.golang.org/protobuf'], out);
  run('go', ['build', '-mod=mod', '-o', plugin, 'google.golang.org/protobuf/cmd/protoc-gen-go'], out);
  const template = { version: 'v2', plugins: [{ local: plugin, out, opt: ['module=signalbox'] }] };
  run(buf, ['generate', proto, '--path', join(proto, 'signalbox'), '--template', JSON.stringify(template)]);
  const binary = join(out, 'decode');
  run('go', ['build', '-mod=mod', '-o', binary, '.'], out);
  return decoder('go', binary, []);
}

/** Builds every decoder whose tools are at hand, or those that are named. */
export function buildDecoders(only: readonly string[]): (Decoder | Missing)[] {
  const builds: [string, () => Decoder][] = [
    ['python', buildPython],
    ['python, upb', buildUpb],
    ['c++', buildCpp],
    ['java', buildJava],
    ['java, dynamic', buildJavaDynamic],
    ['java, lite', buildJavaLite],
    ['go', buildGo],
    ['rust, prost', buildRust],
  ];
  const chosen = builds.filter(([name]) => only.length === 0 || only.includes(name));
  return chosen.map(([name, build]) => {
    try {
      return build();
    } catch (error) {
      return { name, why: reason(error) };
    }
  });
}

export function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const output = 'stderr' in error ? String(error.stderr).trim() : '';
  const lines = (output || error.message).split('\n').map((line) => line.trim());
  return lines.find((line) => line !== '') ?? 'unknown';
}
