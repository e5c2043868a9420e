import { CommandError, type TokenCommandContext } from '../auth/token-command.ts';
import { type OptionDefaults, readLoadOptions } from './options.ts';
import { Progress, type Screen } from './progress.ts';
import { reportJson, reportText } from './report.ts';
import { Run } from './run.ts';
import { tokenSupply } from './tokens.ts';
import { loadUsage } from './usage.ts';
import { judge } from './verdict.ts';

/** Exit codes. */
const FAILED = 1;
const WRONG_OPTION = 2;

export interface LoadContext extends TokenCommandContext, OptionDefaults {
  /** Writes a file anew. */
  readonly writeFile: (path: string, text: string) => Promise<void>;
  /** From now on this process takes any certificate. */
  readonly takeAnyCertificate: () => void;
  /** Where results go. */
  readonly print: (text: string) => void;
  /** Where progress and problems go. */
  readonly screen: Screen;
  /** The user wants it to end. */
  readonly stop: AbortSignal;
}

/** `signalbox load …`: the exit code. `args` are those behind the command. */
export async function loadCommand(args: readonly string[], context: LoadContext): Promise<number> {
  const { print, screen } = context;
  let problem = WRONG_OPTION;
  try {
    const options = readLoadOptions(args, context);
    if (options === undefined) {
      print(loadUsage);
      return 0;
    }
    if (options.insecure) context.takeAnyCertificate();
    const run = new Run(options, await tokenSupply(options, context), context.stop);
    problem = FAILED;
    const progress = new Progress(run, screen);
    const result = await run.go().finally(() => progress.end());
    const verdict = judge(options, result);
    print(reportText(options, result, verdict));
    if (options.json !== undefined) {
      await context.writeFile(options.json, reportJson(options, result, verdict));
    }
    return verdict.passed ? 0 : FAILED;
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    screen.write(`signalbox load: ${error.message}\n`);
    return problem;
  }
}
