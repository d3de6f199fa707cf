/** The socket of a worker, where nobody but the primary asks. */
import { Hono } from 'hono';
import { type Control, type ControlParts, openSocket } from '../control.ts';
import { addWorkerCalls } from './answer.ts';
import type { WorkerCalls } from './calls.ts';

/** @throws Error where the path cannot be bound. */
export function openCallSocket(
  path: string,
  calls: WorkerCalls,
  parts: Pick<ControlParts, 'umask' | 'onError'>,
): Promise<Control> {
  const app = new Hono();
  addWorkerCalls(app, calls);
  return openSocket(path, app, parts);
}
