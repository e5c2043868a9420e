interface ReportLimits {
  readonly userLimits?: { readonly open_files?: { readonly soft?: number | string } };
}

/**
 * How many file descriptors this process may open; undefined where the system does not say or does not limit it.
 * Node raises the soft limit to the hard one at its start.
 */
export function descriptorLimit(): number | undefined {
  const report = process.report.getReport() as ReportLimits;
  const soft = Number(report.userLimits?.open_files?.soft);
  return Number.isSafeInteger(soft) && soft > 0 ? soft : undefined;
}
