/** When V8 goes through the whole heap for garbage. */
import { setFlagsFromString } from 'node:v8';

/**
 * Has it begin when most of the growth that V8 allows the heap is used up. How much that is stays V8's word.
 *
 * Left to itself it begins when less than the young generation's size is left of it, which with a heap as small as that of a
 * relay is at once: it went through thirty megabytes every 300 messages, which was a sixth of the processor's time.
 *
 * Concerns all threads of the process; called once, before there is work.
 */
export function collectLate(): void {
  // In percent of that growth: when it begins beside the work, and when at the latest.
  setFlagsFromString('--incremental-marking-soft-trigger=80');
  setFlagsFromString('--incremental-marking-hard-trigger=95');
}
