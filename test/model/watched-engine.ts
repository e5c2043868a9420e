import type { Engine } from '../../src/core/engine.ts';

/** Called before the engine carries out an operation. */
export type Before = {
  readonly [Operation in keyof Engine]?: (...args: Parameters<Engine[Operation]>) => void;
};

/** The engine, watched. A Proxy, as an engine may have private fields and operations that are not written yet. */
export function watchEngine(engine: Engine, before: Before): Engine {
  const operations = new Map<string | symbol, unknown>();
  return new Proxy(engine, {
    get(target, name) {
      const known = operations.get(name);
      if (known !== undefined) return known;
      const found: unknown = Reflect.get(target, name, target);
      if (typeof found !== 'function') return found;
      const watch = before[name as keyof Engine] as ((...args: unknown[]) => void) | undefined;
      const operation = (...args: unknown[]) => {
        watch?.(...args);
        return found.apply(target, args) as unknown;
      };
      operations.set(name, operation);
      return operation;
    },
  });
}
