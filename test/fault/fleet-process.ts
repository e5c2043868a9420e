/** A fleet in a process of its own, which can be stopped (SIGSTOP). Started by `FleetChild`. */
import { Fleet, type FleetOptions } from './fleet.ts';

const options = JSON.parse(process.argv[2] ?? '{}') as FleetOptions;
const fleet = await Fleet.start(options);
fleet.startLoad();

process.on('message', async (message) => {
  if (message === 'ids') process.send?.(fleet.clients.map(({ room }) => room.self));
  if (message === 'rest') {
    fleet.stopLoad();
    await fleet.settle();
    process.send?.(true);
  }
  if (message === 'histories') {
    process.send?.(fleet.histories.map(({ client, events }) => ({ client, events })));
  }
  if (message === 'end') {
    await fleet.stop(true);
    process.disconnect?.();
  }
});
process.on('disconnect', () => process.exit(0));
process.send?.('ready');
