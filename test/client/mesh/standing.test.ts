import { expect, it } from 'vitest';
import { Standing } from '../../../src/client/mesh/standing.ts';

function standing() {
  const told: string[] = [];
  const it = new Standing(() => told.push(it.failure === undefined ? it.state : `${it.state} ${it.failure}`));
  return { it, told };
}

it('tells each change once', () => {
  const { it: link, told } = standing();
  link.seeking();
  link.seeking();
  link.connected();
  link.connected();
  link.seeking();
  link.closed();
  expect(told).toEqual(['connecting', 'connected', 'interrupted', 'closed']);
});

it('says of a first connection why it failed, and again where the reason changes', () => {
  const { it: link, told } = standing();
  link.failed('no_answer');
  link.failed('no_answer');
  link.failed('no_path');
  link.seeking();
  expect(told).toEqual(['failed no_answer', 'failed no_path', 'connecting']);
  expect(link.failure).toBe(undefined);
});

it('calls what was connected lost', () => {
  const { it: link, told } = standing();
  link.connected();
  link.failed('no_path');
  link.failed('refused');
  expect(told).toEqual(['connected', 'failed lost', 'failed refused']);
});
