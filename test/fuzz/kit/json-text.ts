import type { Random } from '../../property/fuzz/random.ts';
import { mutateBytes } from './mutate-bytes.ts';

/** A JSON value taken apart so that it can be written wrong: members may repeat, scalars are text as it stands. */
type Node =
  | { kind: 'object'; members: [name: string, value: Node][] }
  | { kind: 'array'; items: Node[] }
  | { kind: 'scalar'; text: string };

const SCALARS = [
  'null',
  'true',
  'false',
  '0',
  '-0',
  '1',
  '-1',
  '1e999',
  '-1e999',
  '1e-999',
  '0.1',
  '4294967295',
  '4294967296',
  '9007199254740993',
  '18446744073709551616',
  '1E400',
  '01',
  '+1',
  '.5',
  'NaN',
  'Infinity',
  'undefined',
  '""',
  '"0"',
  '"\\ud800"',
  '"\\udc00\\ud800"',
  '"\\u0000"',
  '"\\u2028"',
  '"\\ufeff"',
  '"\u202e"',
  '"__proto__"',
  '"\\x41"',
  "'a'",
  '[]',
  '{}',
  '[[]]',
  '"1970-01-01T00:00:00Z"',
  '"9999999s"',
  '"-1s"',
  '"AAAA"',
  '"===="',
  '"REASON_INTERNAL"',
];
const NAMES = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  '',
  'frame',
  'type',
  'to',
  'seq',
  '@type',
  '\\u0000',
  'sdp',
];

/** One to four changes to a JSON text: to its structure, where it is JSON, else to its bytes. May still be valid. */
export function mutateJson(random: Random, json: Uint8Array, others: readonly Uint8Array[]): Uint8Array {
  const tree = read(json);
  if (tree === undefined || random.chance(6)) {
    return mutateBytes(random, json, others.length > 0 ? others : [json]);
  }
  const rounds = 1 + random.below(4);
  for (let round = 0; round < rounds; round += 1) change(random, tree, others);
  return Buffer.from(write(tree, random.chance(10) ? ' \n\t' : ''));
}

function read(json: Uint8Array): Node | undefined {
  try {
    return nodeOf(JSON.parse(Buffer.from(json).toString()));
  } catch {
    return undefined;
  }
}

/** What is nested deeper is text as it stands. */
const DEPTH = 100;

function nodeOf(value: unknown, depth = 0): Node {
  if (typeof value !== 'object' || value === null || depth > DEPTH) return scalar(JSON.stringify(value));
  if (Array.isArray(value)) return { kind: 'array', items: value.map((item) => nodeOf(item, depth + 1)) };
  const members = Object.entries(value).map(([name, member]): [string, Node] => [
    name,
    nodeOf(member, depth + 1),
  ]);
  return { kind: 'object', members };
}

function write(node: Node, space: string): string {
  if (node.kind === 'scalar') return node.text;
  if (node.kind === 'array')
    return `[${space}${node.items.map((item) => write(item, space)).join(`,${space}`)}]`;
  const members = node.members.map(([name, value]) => `${nameText(name)}${space}:${write(value, space)}`);
  return `{${members.join(`${space},`)}${space}}`;
}

function nameText(name: string): string {
  return name.includes('\\u') ? `"${name}"` : JSON.stringify(name);
}

function all(node: Node): Node[] {
  if (node.kind === 'scalar') return [node];
  const inside = node.kind === 'array' ? node.items : node.members.map(([, value]) => value);
  return [node, ...inside.flatMap(all)];
}

function change(random: Random, tree: Node, others: readonly Uint8Array[]): void {
  const nodes = all(tree);
  const node = random.pick(nodes);
  const spliced = (): Node =>
    random.chance(2)
      ? structuredClone(random.pick(nodes))
      : (read(random.pick([...others, Buffer.from('{}')])) ?? scalar('null'));
  switch (random.below(9)) {
    case 0:
    case 1:
      become(node, scalar(random.pick(SCALARS)));
      break;
    case 2:
      become(node, spliced());
      break;
    case 3:
      become(node, { kind: 'array', items: [structuredClone(node), structuredClone(node)] });
      break;
    case 4:
      become(node, deep(random, structuredClone(node)));
      break;
    case 5:
      become(
        node,
        scalar(
          JSON.stringify(
            random.pick(['a', 'é', '😀', '\ufeff', '"', '\\']).repeat(random.pick([1, 64, 129, 5000])),
          ),
        ),
      );
      break;
    default:
      if (node.kind === 'object') changeMembers(random, node.members, spliced());
      else if (node.kind === 'array') node.items.push(spliced());
      else
        node.text = `${node.text.slice(0, random.below(node.text.length + 1))}${random.pick(['', '0', 'e9', '"', '\\u12'])}`;
  }
}

function changeMembers(random: Random, members: [string, Node][], value: Node): void {
  const at = random.below(members.length + 1);
  const member = members[at];
  switch (random.below(5)) {
    case 0:
      members.splice(at, 1);
      break;
    case 1:
      // Twice, with another value.
      if (member !== undefined) members.push([member[0], value]);
      break;
    case 2:
      members.splice(at, 0, [random.pick(NAMES), value]);
      break;
    case 3:
      if (member !== undefined)
        member[0] = random.pick([...NAMES, snake(member[0]), member[0].toUpperCase()]);
      break;
    default:
      members.reverse();
  }
}

function deep(random: Random, node: Node): Node {
  const depth = random.pick([2, 33, 101, 5000]);
  const [open, close] = random.chance(2) ? ['[', ']'] : ['{"a":', '}'];
  return scalar(open.repeat(depth) + write(node, '') + close.repeat(random.chance(4) ? 0 : depth));
}

function become(node: Node, other: Node): void {
  for (const name of Object.keys(node)) delete (node as unknown as Record<string, unknown>)[name];
  Object.assign(node, other);
}

function scalar(text: string): Node {
  return { kind: 'scalar', text };
}

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
