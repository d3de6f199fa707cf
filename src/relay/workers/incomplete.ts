/** Tells whoever asks at the control socket which workers an answer lacks. */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Hono } from 'hono';
import { INCOMPLETE_HEADER, WorkersMissing } from './fan-out.ts';

export interface Incomplete {
  /** Goes before all routes. */
  readonly watch: (app: Hono) => void;
  /** Called while a request is being answered. */
  readonly note: (missing: readonly number[]) => void;
}

export function openIncomplete(): Incomplete {
  const requests = new AsyncLocalStorage<Set<number>>();
  return {
    watch(app) {
      app.use(async (context, next) => {
        const missing = new Set<number>();
        await requests.run(missing, next);
        if (missing.size > 0)
          context.res.headers.set(INCOMPLETE_HEADER, [...missing].toSorted((a, b) => a - b).join(','));
      });
      app.onError((error, context) =>
        context.json({ error: error.message }, error instanceof WorkersMissing ? 503 : 500),
      );
    },
    note(missing) {
      for (const number of missing) requests.getStore()?.add(number);
    },
  };
}
