interface ReportLimits {
  readonly userLimits?: { readonly open_files?: { readonly soft?: number | string } };
}

/**
 * How many file descriptors this process may open; undefined where the system does not say or does not limit it.
 * Node raises the soft limit to the hard one at its start.
 */
export function descriptorLimit(): number | undefined {
  const { excludeNetwork } = process.report;
  // A report looks up the names of all open sockets' peers otherwise.
  process.report.excludeNetwork = true;
  const report = process.report.getReport() as ReportLimits;
  process.report.excludeNetwork = excludeNetwork;
  const soft = Number(report.userLimits?.open_files?.soft);
  return Number.isSafeInteger(soft) && soft > 0 ? soft : undefined;
}
