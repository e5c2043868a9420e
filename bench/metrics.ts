/** What a scenario counts by. */
export type Unit = 'message' | 'call' | 'delivery' | 'dial-in' | 'like' | 'member' | 'session' | 'start';

/** Everything that can be measured: the unit that it is told in. */
export const metrics = {
  /** CPU time of all threads of the server, by the kernel's account. */
  server_cpu: (unit) => `µs/${unit}`,
  /** The same, by candidates, descriptions and messages that reached their receivers. */
  server_cpu_relayed: () => 'µs/relayed message',
  /** CPU time of the server for a connection to be opened, before anything is said. */
  connect_cpu: () => 'µs/connection',
  /** Of a message: from when it leaves, or was due, to its arrival. Of a call: from the first join to the last candidate. */
  latency_p50: () => 'ms',
  latency_p99: () => 'ms',
  rate: (unit) => `${unit}s/s`,
  /** Protocol messages, acknowledgements included. */
  to_server: (unit) => `messages/${unit}`,
  from_server: (unit) => `messages/${unit}`,
  /** Protocol messages from the server for each of its write calls to the kernel (`syscw`), to whatever it writes. */
  joined: () => 'messages/write',
  /** Resident memory of the server at the end. */
  resident: () => 'MiB',
  /** Resident memory of the server beyond what it had without sessions; 1 KB is 1,000 bytes. */
  memory: () => 'KB/session',
  /** The same for the second half of the sessions beyond the first: without what the server needs once. */
  memory_more: () => 'KB/further session',
  /** Time from an open connection to the answer, over the time that a round trip takes. */
  round_trips: () => 'round trips',
  /** Bytes that the server's sockets sent while all joined. */
  bytes_sent: () => 'KB/member',
  /** The same over the bytes that one who joins after all gets. */
  roster_factor: () => '× the final roster',
  /** From the first join until everybody has seen everybody. */
  spread_time: () => 's',
  /** From the start of the process to the first connection that it accepts. */
  start_time: () => 'ms',
} as const satisfies Record<string, (unit: Unit) => string>;

export type MetricName = keyof typeof metrics;

/** What one round of one subject showed. */
export type Measurement = Readonly<Partial<Record<MetricName, number>>>;
