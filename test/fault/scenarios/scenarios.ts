import { blackHole } from './black-hole.ts';
import { copiedSecret } from './copied-secret.ts';
import { cut } from './cut.ts';
import { restart } from './restart.ts';
import type { Scenario } from './scenario.ts';
import { sigstop, sigstopDefaults } from './sigstop.ts';
import { slowReaders } from './slow-readers.ts';
import { storm } from './storm.ts';
import { changeTransports } from './transports.ts';
import { welcomeLost } from './welcome-lost.ts';

export const scenarios: Readonly<Record<string, Scenario>> = {
  cut,
  transports: changeTransports,
  'welcome-lost': welcomeLost,
  'copied-secret': copiedSecret,
  sigstop,
  'sigstop-defaults': sigstopDefaults,
  'black-hole': blackHole,
  restart,
  storm,
  'slow-readers': slowReaders,
};
