/** `waxwing queue check|backup|restore|export|import`: whether the queue is whole, and copies of it. */
import { mkdirSync, rmdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { counted } from '../../names/count.ts';
import type { DataFolder } from '../../store/data-folder.ts';
import type { BackedUp, QueueStore } from '../../store/queue-store.ts';
import { type AskOptions, dataFolderOf, fail, print } from '../ask.ts';
import { addRelayOptions } from '../config/options.ts';
import type { Exported } from '../queue-copy/export.ts';
import { messageOf } from '../usage.ts';

export function registerCopies(queue: Command): void {
  addRelayOptions(queue.command('check'))
    .description('Read the whole queue and look for damage, whether or not a relay runs. Changes nothing.')
    .option('--json', 'print JSON')
    .action(check);
  addRelayOptions(queue.command('backup'))
    .description(
      'Write a copy of the queue, the policies, the overrides and what waits for webhooks into a new folder, whether or not a relay runs.',
    )
    .argument('<folder>', 'must not exist yet; where a relay runs, it is the relay that writes it')
    .option('--json', 'print JSON')
    .action(backup);
  addRelayOptions(queue.command('restore'))
    .description(
      'Make a backup the queue, the policies and the outbox of webhooks of a data folder that has no mail and no running relay.',
    )
    .argument('<folder>', 'the backup')
    .option('--json', 'print JSON')
    .action(restore);
  addRelayOptions(queue.command('export'))
    .description(
      'Write each open message into a new folder, as ID.eml and ID.ndjson, whether or not a relay runs. The queue stays as it is.',
    )
    .argument('<folder>', 'must not exist yet; meanwhile a backup lies beside it, as FOLDER.copy')
    .option('--json', 'print JSON')
    .action(exportTo);
  addRelayOptions(queue.command('import'))
    .description(
      'Take the messages of an export into the queue of a data folder that no relay serves, each once.',
    )
    .argument('[folder]', 'the export; what was taken is noted in it')
    .option(
      '--postfix <dir>',
      'instead: what waits in the queue of the stopped Postfix with this configuration directory',
    )
    .option('--json', 'print JSON')
    .action(importFrom);
}

async function check(options: AskOptions): Promise<void> {
  const folder = await dataFolderOf(options);
  if (folder === undefined) return;
  const { checkQueue } = await import('../../store/check.ts');
  const result = checkQueue(folder);
  const { findings, messages, open } = result;
  print(options, result, () =>
    findings.length > 0
      ? findings.map((finding) => `damage: ${finding}\n`).join('')
      : `the queue is sound: ${counted(messages, 'message')}, ${open} of them open\n`,
  );
  if (findings.length > 0) process.exitCode = 1;
}

async function backup(to: string, options: AskOptions): Promise<void> {
  const folder = await dataFolderOf(options);
  if (folder === undefined) return;
  const path = resolve(to);
  const kept = await backUp(folder, path);
  if (kept !== undefined) print(options, { ...kept, path }, () => `${path} holds ${inWords(kept)}\n`);
}

/** @returns undefined where it failed, which stderr says then. */
async function backUp(folder: string, path: string): Promise<BackedUp | undefined> {
  const { askRelay, errorIn } = await import('../control-client.ts');
  const answer = await askRelay(folder, {
    method: 'POST',
    path: '/backup',
    body: JSON.stringify({ path }),
    patient: true,
  });
  if (answer.kind === 'nobody') return backUpHere(folder, path);
  if (answer.kind === 'answered' && answer.status === 200) return answer.body as BackedUp;
  fail(answer.kind === 'answered' ? errorIn(answer.body) : answer.because);
  return undefined;
}

/** No relay runs, so we hold the queue ourselves for as long as it takes. */
async function backUpHere(dataFolder: string, path: string): Promise<BackedUp | undefined> {
  const { numbered, queuesIn } = await import('../../store/queue-files.ts');
  if (queuesIn(dataFolder).length === 0) {
    fail(`there is no queue in ${dataFolder}`);
    return undefined;
  }
  return withQueue(dataFolder, async (store, folder) => {
    const first = await store.backup(path);
    const further: BackedUp[] = [];
    for (const queue of queuesIn(folder.path).filter((one) => one > 1)) {
      const to = join(path, numbered('queue', queue));
      further.push(await withFurtherQueue(folder.path, queue, (other) => other.backup(to)));
    }
    return further.reduce(together, first);
  });
}

/** One of those beside the first, in a folder that we hold. */
async function withFurtherQueue<Result>(
  folder: string,
  queue: number,
  work: (store: QueueStore) => Promise<Result>,
): Promise<Result> {
  const { openQueueFolder } = await import('../../store/data-folder.ts');
  const { openQueue } = await import('../../store/open-queue.ts');
  const held = openQueueFolder(folder, queue);
  try {
    const store = await openQueue(held);
    try {
      return await work(store);
    } finally {
      await store.close();
    }
  } finally {
    held.close();
  }
}

/** @returns undefined where it failed, which stderr says then. */
async function withQueue<Result>(
  dataFolder: string,
  work: (store: QueueStore, folder: DataFolder) => Promise<Result>,
): Promise<Result | undefined> {
  const { openDataFolder } = await import('../../store/data-folder.ts');
  const { openQueue } = await import('../../store/open-queue.ts');
  try {
    const folder = openDataFolder(dataFolder);
    try {
      const store = await openQueue(folder);
      try {
        return await work(store, folder);
      } finally {
        await store.close();
      }
    } finally {
      folder.close();
    }
  } catch (error) {
    fail(messageOf(error));
    return undefined;
  }
}

/** From a backup: the queue itself goes on, and belongs to the relay. */
async function exportTo(to: string, options: AskOptions): Promise<void> {
  const dataFolder = await dataFolderOf(options);
  if (dataFolder === undefined) return;
  const path = resolve(to);
  const copy = `${path}.copy`;
  try {
    // Not recursive: where the folder above is missing, an operator has mistyped it.
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    return fail(messageOf(error));
  }
  const kept = await backUp(dataFolder, copy);
  if (kept === undefined) return rmdirSync(path);
  const exported = await exportCopies(copy, path);
  rmSync(copy, { recursive: true, force: true });
  if (exported === undefined) return;
  const { messages, recipients } = exported;
  print(
    options,
    { ...exported, path },
    () => `${path} holds ${counted(messages, 'message')} for ${counted(recipients, 'recipient')}\n`,
  );
}

/** Of a backup: its first queue, and those of other workers. @returns undefined where it failed, which stderr says then. */
async function exportCopies(copy: string, to: string): Promise<Exported | undefined> {
  const { exportQueue } = await import('../queue-copy/export.ts');
  const { furtherQueuesIn } = await import('../../store/backup.ts');
  const { numbered } = await import('../../store/queue-files.ts');
  const all = [copy, ...furtherQueuesIn(copy).map((queue) => join(copy, numbered('queue', queue)))];
  let sum: Exported = { messages: 0, recipients: 0 };
  for (const one of all) {
    const exported = await withQueue(one, (store) => exportQueue(store, to));
    if (exported === undefined) return undefined;
    const { messages, recipients } = exported;
    sum = { messages: sum.messages + messages, recipients: sum.recipients + recipients };
  }
  return sum;
}

async function importFrom(
  from: string | undefined,
  options: AskOptions & { readonly postfix?: string },
  command: Command,
): Promise<void> {
  const { postfix } = options;
  if ((from === undefined) === (postfix === undefined))
    return command.error('error: name either the folder of an export, or --postfix DIR');
  const dataFolder = await dataFolderOf(options);
  if (dataFolder === undefined) return;
  if (postfix !== undefined) return importPostfix(resolve(postfix), dataFolder, options);
  const { importQueue } = await import('../queue-copy/import.ts');
  const imported = await withQueue(dataFolder, (store, folder) =>
    importQueue(resolve(from ?? ''), store, folder, Date.now),
  );
  if (imported === undefined) return;
  const { taken, before, failures } = imported;
  print(options, imported, () => takenText(taken, before));
  for (const { file, because } of failures) fail(`${file}: ${because}`);
}

/** Ids go to stdout, one a line, as `postsuper -d -` reads them. */
async function importPostfix(config: string, dataFolder: string, options: AskOptions): Promise<void> {
  const { importFromPostfix, postfixOf } = await import('../queue-copy/postfix.ts');
  const run = postfixOf(config, process.env);
  const imported = await withQueue(dataFolder, (store, folder) =>
    importFromPostfix(run, store, folder, Date.now),
  );
  if (imported === undefined) return;
  const { ids, taken, before, failures } = imported;
  print(options, imported, () => ids.map((id) => `${id}\n`).join(''));
  process.stderr.write(takenText(taken, before));
  for (const { id, because } of failures) fail(`${id}: ${because}`);
}

async function restore(from: string, options: AskOptions): Promise<void> {
  const dataFolder = await dataFolderOf(options);
  if (dataFolder === undefined) return;
  const { openDataFolder } = await import('../../store/data-folder.ts');
  try {
    const folder = openDataFolder(dataFolder);
    try {
      const kept = await restoreAll(resolve(from), folder);
      print(
        options,
        { ...kept, data: folder.path },
        () =>
          `${folder.path} has ${inWords(kept)}.\n` +
          'What was delivered, or told to webhooks, after the backup was made is delivered or told again.\n',
      );
    } finally {
      folder.close();
    }
  } catch (error) {
    fail(messageOf(error));
  }
}

/** Every queue is looked at before any is put in place: half a backup beside other mail would be delivered with it. */
async function restoreAll(from: string, folder: DataFolder): Promise<BackedUp> {
  const { openQueueFolder } = await import('../../store/data-folder.ts');
  const { furtherQueuesIn, prepareRestore, refuseFull } = await import('../../store/backup.ts');
  const { numbered, queuesIn } = await import('../../store/queue-files.ts');
  const further = furtherQueuesIn(from);
  const others = queuesIn(folder.path).filter((queue) => queue > 1 && !further.includes(queue));
  const opened: DataFolder[] = [];
  const open = (queue: number): DataFolder => {
    const held = openQueueFolder(folder.path, queue);
    opened.push(held);
    return held;
  };
  try {
    for (const queue of others) refuseFull(open(queue));
    const steps = further.map((queue) => prepareRestore(join(from, numbered('queue', queue)), open(queue)));
    const first = prepareRestore(from, folder);
    const restored = steps.map((carryOut) => carryOut());
    return restored.reduce(together, first());
  } finally {
    for (const one of opened) one.close();
  }
}

function together(sum: BackedUp, { messages, open, files }: BackedUp): BackedUp {
  return {
    ...sum,
    messages: sum.messages + messages,
    open: sum.open + open,
    files: sum.files + files,
  };
}

/** Of an import. */
function takenText(taken: number, before: number): string {
  return `${counted(taken, 'message')} ${taken === 1 ? 'was' : 'were'} taken, ${before} had been taken before\n`;
}

function inWords({ messages, open, files, policies, webhooks }: BackedUp): string {
  const queue = `${counted(messages, 'message')}, ${open} of them open, ${files} with their content in a file`;
  const rest = [
    policies ? 'policies and overrides' : 'no policies or overrides',
    webhooks === null ? 'nothing of webhooks' : `${counted(webhooks, 'request')} of webhooks`,
  ];
  return `${queue}; ${rest.join('; ')}`;
}
