/** Where `auth` reports to operators. A pino logger is one. Never given a secret or a token. */
export interface AuthLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
