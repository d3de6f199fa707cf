/** Reads the keys that sign what webhooks are told. */
import { stat } from 'node:fs/promises';
import type { Parsed } from '../../names/domain.ts';
import type { Webhook, WebhookKey } from '../../relay/webhooks/settings.ts';
import { parseEd25519Keys, parseSecrets } from '../../relay/webhooks/signature.ts';
import type { WebhookConfig } from './config.ts';
import type { Findings } from './files.ts';
import { readText } from './text-file.ts';

/** The webhooks with their keys; files that cannot be used are among the findings. */
export async function readWebhooks(
  webhooks: readonly WebhookConfig[],
  findings: Findings,
): Promise<{ readonly webhooks: readonly Webhook[]; readonly warnings: readonly string[] }> {
  const warnings: string[] = [];
  const read = await Promise.all(
    webhooks.map(async ({ keyFile, ed25519KeyFile, ...webhook }, index): Promise<Webhook> => {
      const keysOf = async (
        key: string,
        file: string | null,
        parse: (text: string) => Parsed<readonly WebhookKey[]>,
      ): Promise<readonly WebhookKey[]> => {
        if (file === null) return [];
        const path = `webhook[${index}].${key}`;
        const taken = findings.take(path, await readKeys(file, parse));
        if (taken !== undefined) warnings.push(...(await warningsOfMode(path, file)));
        return taken ?? [];
      };
      const keys = [
        ...(await keysOf('key_file', keyFile, parseSecrets)),
        ...(await keysOf('ed25519_key_file', ed25519KeyFile, parseEd25519Keys)),
      ];
      return { ...webhook, keys };
    }),
  );
  return { webhooks: read, warnings };
}

async function readKeys(
  file: string,
  parse: (text: string) => Parsed<readonly WebhookKey[]>,
): Promise<Parsed<readonly WebhookKey[]>> {
  const text = await readText(file);
  const parsed = text.kind === 'ok' ? parse(text.value) : text;
  return parsed.kind === 'ok' ? parsed : { kind: 'invalid', because: `${file}: ${parsed.because}` };
}

async function warningsOfMode(path: string, file: string): Promise<readonly string[]> {
  const mode = (await stat(file)).mode & 0o777;
  return (mode & 0o007) === 0
    ? []
    : [
        `${path}: ${file} has mode 0${mode.toString(8)}: every user of this host can speak for it; 0600 is right`,
      ];
}
