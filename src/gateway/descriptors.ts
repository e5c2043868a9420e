interface ReportLimits {
  readonly userLimits?: { readonly open_files?: { readonly soft?: number | string } };
}

/** Not in Node's types yet: whether a report leaves out the names of all sockets' peers, which it would look up. */
type Report = NodeJS.ProcessReport & { excludeNetwork: boolean };

/**
 * How many file descriptors this process may open; undefined where the system does not say or does not limit it.
 * Node raises the soft limit to the hard one at its start.
 */
export function descriptorLimit(): number | undefined {
  const reporter = process.report as Report;
  const { excludeNetwork } = reporter;
  reporter.excludeNetwork = true;
  const report = reporter.getReport() as ReportLimits;
  reporter.excludeNetwork = excludeNetwork;
  const soft = Number(report.userLimits?.open_files?.soft);
  return Number.isSafeInteger(soft) && soft > 0 ? soft : undefined;
}
