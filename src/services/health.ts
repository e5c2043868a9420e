import { Code, ConnectError, type ConnectRouter } from '@connectrpc/connect';
import {
  Health,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from '../../gen/grpc/health/v1/health_pb.ts';

/** Name under which the gateway as a whole is asked about. */
const WHOLE = '';

/**
 * What the gateway says of its health, for `grpc.health.v1` and for `/healthz`. The gateway as a whole (the name '')
 * and each service begin as given; draining sets them all to false.
 */
export class HealthState {
  readonly #serving = new Map<string, boolean>();
  readonly #listeners = new Set<() => void>();

  /** @param services full names of the services that can be asked about, besides the whole. */
  constructor(services: readonly string[], serving = true) {
    for (const service of [WHOLE, ...services]) this.#serving.set(service, serving);
  }

  /** Whether the gateway as a whole takes calls. */
  get isServing(): boolean {
    return this.#serving.get(WHOLE) ?? false;
  }

  /** Watches that are open now. */
  get watchers(): number {
    return this.#listeners.size;
  }

  /** @returns undefined for a service that is not known. */
  get(service: string): boolean | undefined {
    return this.#serving.get(service);
  }

  /** By full name; '' is the whole. */
  all(): ReadonlyMap<string, boolean> {
    return this.#serving;
  }

  /** Sets the whole and every service. */
  setAll(serving: boolean): void {
    for (const service of this.#serving.keys()) this.#serving.set(service, serving);
    for (const listener of [...this.#listeners]) listener();
  }

  /** @returns what ends the subscription. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

/** `grpc.health.v1.Health`, for gRPC clients, balancers and Kubernetes probes. */
export function registerHealth(router: ConnectRouter, state: HealthState): void {
  router.service(Health, {
    check: ({ service }) => {
      const serving = state.get(service);
      if (serving === undefined)
        throw new ConnectError(`no service ${JSON.stringify(service)}`, Code.NotFound);
      return { status: statusOf(serving) };
    },
    list: () => ({
      statuses: Object.fromEntries(
        [...state.all()].map(([name, serving]) => [name, { status: statusOf(serving) }]),
      ),
    }),
    watch: ({ service }, { signal }) => watch(state, service, signal),
  });
}

/**
 * Cleans up on the signal, never in `finally`: under back-pressure the generator of a caller that has gone may never
 * be resumed.
 */
async function* watch(
  state: HealthState,
  service: string,
  signal: AbortSignal,
): AsyncGenerator<{ status: ServingStatus }> {
  if (signal.aborted) return;
  let wake = (): void => {};
  const unsubscribe = state.onChange(() => wake());
  signal.addEventListener(
    'abort',
    () => {
      unsubscribe();
      wake();
    },
    { once: true },
  );
  let told: ServingStatus | undefined;
  while (!signal.aborted) {
    const status = statusOf(state.get(service));
    if (status !== told) {
      told = status;
      yield { status };
    } else {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }
}

function statusOf(serving: boolean | undefined): ServingStatus {
  if (serving === undefined) return ServingStatus.SERVICE_UNKNOWN;
  return serving ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;
}
