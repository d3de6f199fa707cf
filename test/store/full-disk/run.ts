/**
 * Fills a small file system with mail, then delivers it: what happens to a queue whose disk is full?
 *
 * Usage: run.ts MOUNTPOINT, which must be an empty file system of 64 MB. Prints what happened as JSON.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDataFolder } from '../../../src/store/data-folder.ts';
import { openQueue } from '../../../src/store/open-queue.ts';
import type { Claim } from '../../../src/store/queue-store.ts';
import { StoreError } from '../../../src/store/store-error.ts';
import { claimAt, message, settlementsOf } from '../samples.ts';

const BATCH = 20;
const [mount = ''] = process.argv.slice(2);
const folder = openDataFolder(join(mount, 'data'));
const store = await openQueue(folder);
const bytes = new Uint8Array(100_000).fill(97);

const properties = { ...message('any').properties, size: bytes.length };

const accepted = new Set<string>();
const codes = new Set<string>();
let count = 0;

/** @returns how many were accepted. */
async function acceptSome(): Promise<number> {
  const ids = Array.from({ length: BATCH }, () => `m${10_000 + count++}`);
  const results = await Promise.allSettled(
    ids.map((id) => store.accept(message(id, { body: { kind: 'bytes', bytes }, properties }))),
  );
  for (const [index, result] of results.entries()) {
    if (result.status === 'fulfilled') accepted.add(ids[index] ?? '');
    else if (result.reason instanceof StoreError) codes.add(result.reason.code);
  }
  return results.filter(({ status }) => status === 'fulfilled').length;
}

while ((await acceptSome()) > 0);
const whenFull = accepted.size;

const claims = await store.claim(claimAt(2_000, { most: 100_000, perDestination: 100_000, leaseEnds: 9e15 }));
let failures = 0;

/** Tries until it is recorded, as the relay does. */
async function settle(some: readonly Claim[], onFailure: () => void): Promise<void> {
  for (const claim of some) {
    const settlements = settlementsOf(claim, { kind: 'delivered', at: 2_001 });
    for (let done = false; !done; ) {
      try {
        await store.settle({ settlements, messages: [], warned: [] });
        done = true;
      } catch (error) {
        if (!(error instanceof StoreError) || error.code !== 'full') throw error;
        failures += 1;
        onFailure();
      }
    }
  }
}

const half = Math.floor(claims.length / 2);
await settle(claims.slice(0, half), () => undefined);
const failuresInReserve = failures;

// Somebody else takes all that is left.
const ballast = (part: number): string => join(mount, `ballast${part}`);
let parts = 0;
try {
  for (; parts < 100; parts++) writeFileSync(ballast(parts), new Uint8Array(1024 * 1024));
} catch {
  // Full to the last block.
}
const refusedWhenFull = (await acceptSome()) === 0;
function freeAfterThree(): void {
  if (failures !== failuresInReserve + 3) return;
  for (let part = 0; part <= parts; part++) rmSync(ballast(part), { force: true });
}
await settle(claims.slice(half), freeAfterThree);
for (let part = 0; part <= parts; part++) rmSync(ballast(part), { force: true });
const again = await acceptSome();
await store.close();
const reopened = await openQueue(folder);
const open = await reopened.list({ which: 'open', most: 99_999 });
await reopened.close();
folder.close();
console.log(
  JSON.stringify({
    whenFull,
    codes: [...codes],
    claimed: claims.length,
    failuresInReserve,
    refusedWhenFull,
    again,
    open: open.length,
  }),
);
