/** Nobody takes what a webhook sends, while mail goes on; then the receiver is back. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DeliveryEvent } from '../../src/events/delivery-event.ts';
import { freePort } from '../peers/support/ports.ts';
import type { WaxwingOptions } from '../peers/support/waxwing.ts';
import type { Row } from './support/row.ts';
import { besiege, underLoad } from './support/siege.ts';

const load = { connections: 10, perSecond: 100, contentBytes: 4_000 };

export async function webhookDown(forMs: number, options: WaxwingOptions = {}): Promise<Row> {
  const place = await mkdtemp(join(tmpdir(), 'waxwing-hook-'));
  const keyFile = join(place, 'key');
  await writeFile(keyFile, `whsec_${randomBytes(32).toString('base64')}\n`, { mode: 0o600 });
  const port = await freePort('127.0.0.1');
  const got = new Map<string, number>();
  let requests = 0;
  const receiver = createServer(async (request, response) => {
    requests += 1;
    const events: readonly DeliveryEvent[] = JSON.parse(await text(request));
    for (const { event, id } of events) got.set(`${event} ${id}`, (got.get(`${event} ${id}`) ?? 0) + 1);
    response.writeHead(204).end();
  });
  try {
    return await besiege({
      fault: `the receiver of a webhook is down for ${forMs / 1_000} s`,
      load,
      options: {
        ...options,
        webhooks: [{ name: 'shop', url: `http://127.0.0.1:${port}/mail`, key_file: keyFile }],
      },
      async strike({ waxwing, load: running }) {
        await underLoad(running, Math.min(forMs, 3_000), 40);
        await running.stop();
        await sleep(forMs - Math.min(forMs, 3_000));
        receiver.listen(port, '127.0.0.1');
        await once(receiver, 'listening');
        const due = new Set(waxwing.events().map(({ event, id }) => `${event} ${id}`));
        const begun = performance.now();
        // The longest pause until then is as long as all of the outage.
        const patienceMs = forMs * 2 + 15_000;
        while ([...due].some((one) => !got.has(one)) && performance.now() - begun < patienceMs)
          await sleep(50);
        const seconds = ((performance.now() - begun) / 1_000).toFixed(1);
        const missing = [...due].filter((one) => !got.has(one)).length;
        const twice = [...got.values()].filter((count) => count > 1).length;
        const result = `Mail did not wait. Of ${due.size.toLocaleString('en')} events ${missing} are missing and ${twice} came twice, in ${requests} requests; the last of them ${seconds} s after the receiver was back.`;
        return { text: result, facts: { missing } };
      },
    });
  } finally {
    receiver.closeAllConnections();
    receiver.close();
    await rm(place, { recursive: true });
  }
}
