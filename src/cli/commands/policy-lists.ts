/** `waxwing policy import-list` and `sign-list`: the policy list, handed in and signed. */
import type { Command } from 'commander';
import type { ImportedList } from '../../relay/list-api.ts';
import { type AskOptions, ask, fail, print } from '../ask.ts';
import { addRelayOptions } from '../config/options.ts';

export function registerLists(policy: Command): void {
  addRelayOptions(policy.command('import-list'))
    .description(
      'Hand a signed policy list to the running relay, which judges it as one from its own source. Exit code 1: it was refused, and what was in force stays in force.',
    )
    .argument('<file>', 'the list, as JSON')
    .option('--signature <file>', 'the text that sign-list has made of it; default: <file>.sig')
    .option('--json', 'print JSON')
    .action(importList);
  policy
    .command('sign-list')
    .description(
      'Sign a policy list: checks it, and writes the signature beside it. What list.keys has to name for it is printed.',
    )
    .argument('<file>', 'the list, as JSON')
    .requiredOption('--key <file>', 'private key of Ed25519, PEM (openssl genpkey -algorithm ed25519)')
    .option('--out <file>', 'where the signature goes; default: <file>.sig')
    .option('--add', 'keep the signatures of other keys that are there already')
    .action(signList);
}

interface ImportOptions extends AskOptions {
  readonly signature?: string;
}

async function importList(file: string, options: ImportOptions): Promise<void> {
  const { signature = `${file}.sig` } = options;
  const { readListFiles } = await import('../list-source.ts');
  const read = await readListFiles(file, signature);
  if (read.kind === 'failed') return fail(read.because);
  const body = JSON.stringify({ list: base64(read.list), signature: base64(read.signature) });
  const answer = await ask(options, { method: 'POST', path: '/list', body, patient: true });
  if (answer === undefined) return;
  const imported = answer as ImportedList;
  const { formatImported } = await import('../list-text.ts');
  print(options, imported, () => formatImported(imported, Date.now()));
  if (imported.look.outcome === 'refused') process.exitCode = 1;
}

function base64(octets: Uint8Array): string {
  return Buffer.from(octets).toString('base64');
}

interface SignOptions {
  readonly key: string;
  readonly out?: string;
  readonly add?: true;
}

async function signList(file: string, { key, out = `${file}.sig`, add }: SignOptions): Promise<void> {
  const { signListFile } = await import('../sign-list.ts');
  const signed = await signListFile({ file, keyFile: key, out, keepOthers: add === true, now: Date.now() });
  if (signed.kind === 'invalid') return fail(signed.because);
  process.stdout.write(signed.value);
}
