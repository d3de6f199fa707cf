/** `[list]`: a signed list of policies for the domains of others. */
import { z } from 'zod';
import { type Parsed, parseDomain, quote } from '../../../names/domain.ts';
import { parseListKey } from '../../../policies/list/signature.ts';
import type { ListConfig } from '../config.ts';
import { parseDuration, parsePath } from '../values.ts';
import { complaints, list, text } from './kit.ts';

const KEY = 'Mo8IiOCoRtyuy5nzpGPm3EMz+BM6DXBhkbAz3shLjSg=';

export const policyList = z
  .strictObject({
    source: text(parseListSource, 'https://lists.example.test/policy.json', '/etc/waxwing/policy.json')
      .optional()
      .describe(
        'Where newer lists come from: a file, or an https:// address; the signature is beside it, with .sig behind the name. Default: lists are only imported (waxwing policy import-list).',
      ),
    keys: list(text(parseListKey, KEY), 'key')
      .optional()
      .describe(
        'Public keys (Ed25519) that may sign it, as waxwing policy sign-list prints them; one of them is enough. Without list.keys no list is used.',
      ),
    refresh: text(parseDuration)
      .prefault('1h')
      .describe('How often a newer list is looked for, where there is a source.'),
  })
  .superRefine(({ source, keys }, context) => {
    const complain = complaints(context);
    if (source !== undefined && keys === undefined)
      complain('keys', 'is missing beside list.source: nobody could sign the list');
    const twice = keys?.find(({ id }, index) => keys.findIndex((key) => key.id === id) < index);
    if (twice !== undefined) complain('keys', `names ${twice.id} twice`);
  })
  .prefault({})
  .describe('A signed list of policies for the domains of others.');

/** A path, or the address of a page: a name with a port, no query, nothing that has to be said to be let in. */
function parseListSource(written: string): Parsed<NonNullable<ListConfig['source']>> {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(written)) {
    const path = parsePath(written);
    return path.kind === 'ok' ? { kind: 'ok', value: { kind: 'file', path: path.value } } : path;
  }
  const [, name = '', port = '443', path = ''] =
    /^https:\/\/([A-Za-z0-9._-]+)(?::([1-9][0-9]{0,4}))?(\/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*)$/.exec(written) ??
    [];
  if (path === '' || Number(port) > 65_535)
    return { kind: 'invalid', because: `${quote(written)} is not "https://NAME/PATH"` };
  const host = parseDomain(name);
  if (host.kind === 'invalid') return host;
  return { kind: 'ok', value: { kind: 'url', url: written, host: host.value, port: Number(port), path } };
}
