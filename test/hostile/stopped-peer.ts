/** A client in a process of its own, to be stopped. Arguments: url, token, lane, room. Prints its participant id. */

import type { LaneKind } from '../helpers/lane-clients.ts';
import { openLane } from '../helpers/lane-clients.ts';

const [url = '', token = '', kind = 'grpc', room = ''] = process.argv.slice(2);
const client = await openLane(kind as LaneKind, { url, token });
await client.until('welcome');
const { participant } = await client.join(room);
process.stdout.write(`${participant?.id}\n`);
await client.ended;
