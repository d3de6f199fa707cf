/** A client of NNTP: Python's nntplib, from the set `tools`. */
import type { Finished } from './command.ts';
import { hostOf, type Reach, reachable, trustFile } from './reach.ts';
import { runIn } from './sandbox.ts';

const script = `
import json, nntplib, ssl, sys
what = json.loads(sys.argv[1])
context = ssl.create_default_context(cafile='${trustFile}') if what['tls'] != 'none' else None
if what['tls'] == 'implicit':
    server = nntplib.NNTP_SSL(what['host'], what['port'], ssl_context=context, timeout=20)
else:
    server = nntplib.NNTP(what['host'], what['port'], timeout=20)
with server:
    if what['tls'] == 'starttls':
        server.starttls(context)
    server.login(what['user'], what['password'], usenetrc=False)
    if what['post']:
        print('post', server.post(what['post'].encode()))
    _, count, first, last, name = server.group(what['group'])
    print('group', name, count)
    for number in range(first, last + 1):
        _, info = server.article(number)
        for line in info.lines:
            print(line.decode())
`;

/**
 * Logs in, posts where there is something to post, and reads all articles of a group: its standard output has the
 * lines `group NAME COUNT` and those of the articles.
 *
 * @param post an article, lines ending with LF.
 */
export function nntplib(root: string, reach: Reach, group: string, post = ''): Promise<Finished> {
  const { port, tls, login } = reach;
  const what = { host: hostOf(reach), port, tls, ...login, group, post };
  return runIn(root, 'python3', ['-W', 'ignore', '-c', script, JSON.stringify(what)], reachable(reach));
}
