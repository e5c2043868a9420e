import { readdirSync, readFileSync } from 'node:fs';

/** USER_HZ: Linux reports CPU times to user space in this unit on every platform that Node runs on. */
const ticksPerSecond = 100;

/**
 * CPU time of all threads of a process so far, in µs, by the kernel's account: the scheduler's own (nanoseconds), or
 * where it is not compiled in, `utime + stime` (10 ms). Throws where there is no /proc.
 */
export function cpuMicros(pid: number): number {
  return scheduledMicros(pid) ?? tickMicros(pid);
}

/** Resident memory of a process, in KiB. */
export function residentKib(pid: number): number {
  const [, kib] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kib ?? 0);
}

/** Write calls of a process so far (`write`, `writev`: what Node sends with), undefined where the kernel does not tell. */
export function writeCalls(pid: number): number | undefined {
  try {
    const [, calls] = /^syscw: (\d+)/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8')) ?? [];
    return calls === undefined ? undefined : Number(calls);
  } catch {
    return undefined;
  }
}

function scheduledMicros(pid: number): number | undefined {
  try {
    let nanos = 0;
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      const [onCpu] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ');
      nanos += Number(onCpu);
    }
    return nanos / 1000;
  } catch {
    return undefined;
  }
}

/** /proc/PID/stat, fields 14 and 15; the second field is a name in parentheses that may hold spaces. */
function tickMicros(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1_000_000) / ticksPerSecond;
}
