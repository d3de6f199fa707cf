// Delivers by the decisions of Waxwing's advisor: DANE, MTA-STS, and what an operator says, host by host.
//
// Copy to plugins/waxwing.js, and waxwing.ini to config/. docs/advisor.md of Waxwing says what it does, and what it cannot.
//
// Haraka has no place for a demand of one host, and none to verify a certificate by anything but names: so this replaces, on each
// mail and on each connection, what decides about TLS there. Whatever fails makes the mail wait. Nothing here may throw inside a
// hook: Haraka would go on as if the plugin were not there.

const http = require('node:http');
const { HarakaMx } = require('haraka-net-utils');

const MOST_ANSWER = 4 * 1024 * 1024;
const MOST_CERTIFICATES = 16;
const MOST_OUTCOMES = 1000;
const TELL_MS = 1000;

exports.register = function () {
  this.waxwing_load();
  this.waxwing = {
    agent: new http.Agent({ keepAlive: true, maxSockets: 64 }),
    outcomes: [],
    timer: undefined,
  };
  this.register_hook('get_mx', 'waxwing_get_mx');
};

exports.shutdown = function () {
  clearTimeout(this.waxwing.timer);
  this.waxwing.agent.destroy();
};

exports.waxwing_load = function () {
  const { main } = this.config.get('waxwing.ini', () => this.waxwing_load());
  const advisor = main.advisor ?? '127.0.0.1:8462';
  const [, host, port] = /^\[?([^\]]+?)\]?:(\d+)$/.exec(advisor) ?? [];
  if (host === undefined && !advisor.startsWith('/'))
    this.logerror(`advisor=${advisor} is neither ADDRESS:PORT nor the path of a socket: all mail waits`);
  this.waxwing_at = advisor.startsWith('/') ? { socketPath: advisor } : { host, port: port ?? 0 };
  this.waxwing_ms = Number(main.timeout ?? 25) * 1000;
};

exports.waxwing_get_mx = function (next, hmail, domain) {
  // Nobody publishes anything for an address.
  if (/^\[.*\]$/.test(domain)) {
    next();
    return;
  }
  this.waxwing_hosts(domain)
    .then(({ code, because, hosts }) => {
      if (code !== undefined) return [code, because];
      const demands = new WeakMap();
      const mxs = hosts.flatMap((host) => mxsOf(host, domain, demands));
      replace(this, hmail, demands);
      return [OK, mxs];
    })
    .catch((error) => [DENYSOFT, `no advice for ${domain}: ${error.message}`])
    .then((answer) => next(...answer));
};

// What is to be done with mail for a domain: the hosts, the best first, or the code for Haraka and a sentence.
exports.waxwing_hosts = async function (domain) {
  const { status, body } = await this.waxwing_ask('GET', `/v1/policy/${encodeURIComponent(domain)}`);
  if (status !== 200 || body.schema !== 'waxwing.policy/1')
    throw new Error(`the advisor says ${status}: ${body.error}`);
  if (body.decision === 'refuse') return { code: DENY, because: body.because };
  const hosts = body.hosts.filter(({ usable }) => usable === true);
  if (body.decision !== 'deliver' || hosts.length === 0) return { code: DENYSOFT, because: body.because };
  return { hosts: shuffled(hosts) };
};

// One request. An answer is JSON; whoever has none in time rejects.
exports.waxwing_ask = function (method, path, content) {
  const once = () =>
    new Promise((resolve, reject) => {
      const text = content === undefined ? undefined : JSON.stringify(content);
      const headers = {
        host: 'localhost',
        ...(text === undefined ? {} : { 'content-type': 'application/json' }),
      };
      const request = http.request({ ...this.waxwing_at, agent: this.waxwing.agent, method, path, headers });
      const timer = setTimeout(() => request.destroy(new Error('it takes too long')), this.waxwing_ms);
      const fail = (error) => {
        clearTimeout(timer);
        // The advisor had closed a connection that was kept from before.
        error.again = request.reusedSocket && error.code === 'ECONNRESET';
        reject(error);
      };
      request.on('error', fail);
      request.on('response', (response) => {
        const chunks = [];
        let octets = 0;
        response.on('error', fail);
        response.on('data', (chunk) => {
          octets += chunk.length;
          if (octets > MOST_ANSWER) request.destroy(new Error('its answer is too long'));
          else chunks.push(chunk);
        });
        response.on('end', () => {
          clearTimeout(timer);
          try {
            resolve({ status: response.statusCode, body: JSON.parse(Buffer.concat(chunks).toString()) });
          } catch (error) {
            reject(error);
          }
        });
      });
      request.end(text);
    });
  return once().catch((error) => (error.again ? once() : Promise.reject(error)));
};

// Tells the advisor what sessions came to, some at a time: it may remember what a host can.
exports.waxwing_tell = function (outcome) {
  const { waxwing } = this;
  if (waxwing.outcomes.length < MOST_OUTCOMES) waxwing.outcomes.push(outcome);
  waxwing.timer ??= setTimeout(() => {
    waxwing.timer = undefined;
    const outcomes = waxwing.outcomes.splice(0);
    this.waxwing_ask('POST', '/v1/outcomes', { outcomes }).then(
      // 404: nobody remembers them.
      ({ status, body }) => {
        if (status !== 202 && status !== 404) this.logerror(`outcomes are not taken: ${body.error}`);
      },
      (error) => this.logwarn(`outcomes are lost: ${error.message}`),
    );
  }, TELL_MS);
};

// RFC 5321 section 5.1: hosts of one preference in any order.
function shuffled(hosts) {
  return hosts
    .map((host) => ({ host, place: Math.random() }))
    .sort((a, b) => a.host.preference - b.host.preference || a.place - b.place)
    .map(({ host }) => host);
}

// One for each address, so that Haraka looks up nothing by itself.
function mxsOf(host, domain, demands) {
  return host.addresses.map((address) => {
    const mx = new HarakaMx({ exchange: address, from_dns: host.host, priority: host.preference });
    demands.set(mx, {
      domain,
      host: host.host,
      // Whatever it says but 'none' has to be shown.
      binds: host.requires !== 'none',
      tries: host.tries !== false,
      serverName: host.serverName ?? host.host,
    });
    return mx;
  });
}

// Puts our word in place of Haraka's on this mail; get_mx comes again with each attempt.
function replace(plugin, hmail, demands) {
  const { get_force_tls, try_deliver_host_on_socket } = Object.getPrototypeOf(hmail);
  if (typeof get_force_tls !== 'function' || typeof try_deliver_host_on_socket !== 'function')
    throw new Error('this plugin does not know this version of Haraka');
  hmail.get_force_tls = function (mx) {
    return demands.get(mx)?.binds !== false || get_force_tls.call(this, mx);
  };
  hmail.try_deliver_host_on_socket = function (mx, host, port, socket) {
    const demand = demands.get(mx);
    if (demand !== undefined) guard(plugin, this, demand, socket);
    return try_deliver_host_on_socket.call(this, mx, host, port, socket);
  };
}

// Stands between a connection and Haraka's side of it, which is told of TLS only once it is what the decision wants. What is not
// ends the connection as an error: that makes Haraka try the next host. In its own words for these cases it would give up, bounce, or
// do nothing for ever.
function guard(plugin, hmail, demand, socket) {
  const { domain, host, binds } = demand;
  const { emit, upgrade, write } = socket;
  // greeting, ehlo, starttls: whose reply is awaited; offered: what it can is known; tls, judged: TLS begins, its certificate is looked
  // at; secured; over.
  let phase = 'greeting';
  let offers = false;
  const tell = (reached, proof = null, spki = null) =>
    plugin.waxwing_tell({ domain, host, reached, proof, spki });
  const fail = (because) => {
    if (phase === 'over') return;
    phase = 'over';
    hmail.lognotice(`${host} is left with mail for ${domain}: ${because}`);
    if (socket.listenerCount('error') > 0) emit.call(socket, 'error', new Error(because));
  };

  // What is wrong with a reply before TLS, where something is. Its last line has come.
  const wrongWith = (code, line) => {
    const isGood = code?.startsWith('2') === true;
    if (phase === 'greeting') return isGood ? undefined : `it greets with ${line}`;
    if (phase === 'ehlo') {
      phase = 'offered';
      if (isGood && !offers) tell('clear');
      return isGood && offers ? undefined : 'it does not offer STARTTLS';
    }
    if (phase === 'starttls') {
      phase = 'tls';
      if (code === '220') return undefined;
      tell('failed');
      return `it answers STARTTLS with ${line}`;
    }
    return phase === 'secured' ? undefined : 'it speaks before it is asked';
  };

  const onLine = (line) => {
    const [, code, sign, text] = /^(\d{3})([ -])(.*)/.exec(line) ?? [];
    if (phase === 'ehlo' && /^STARTTLS$/i.test(text ?? '')) {
      offers = true;
      // As an operator says; Haraka has no word for one host.
      if (!demand.tries) return emit.call(socket, 'line', line.replace(/STARTTLS/i, 'NO-STARTTLS'));
    }
    const because = sign === '-' && phase !== 'judged' ? undefined : wrongWith(code, line.trimEnd());
    if (binds && because !== undefined) fail(because);
    return phase === 'over' || emit.call(socket, 'line', line);
  };

  const onData = (data) => {
    const isTaken = emit.call(socket, 'data', data);
    // The beginning of a line that would be read as one from within TLS.
    if (phase === 'tls' && !String(data).endsWith('\n')) fail('it speaks before it is asked');
    return isTaken;
  };

  socket.emit = (name, ...rest) => {
    if (name === 'line') return onLine(rest[0]);
    if (!binds) return emit.call(socket, name, ...rest);
    if (name === 'data') return onData(rest[0]);
    // Held back until it is judged.
    if (name === 'secure' || name === 'secureConnect') return true;
    if (name === 'close') phase = 'over';
    if (name !== 'error') return emit.call(socket, name, ...rest);
    if (phase === 'tls') tell('failed');
    // Another error, as this one says that it is of TLS: Haraka would note, where it is told to, that the host has none.
    fail(String(rest[0]?.message ?? rest[0]));
    return true;
  };

  socket.write = (data, ...rest) => {
    const [command] = /^[A-Z]+/.exec(typeof data === 'string' ? data.slice(0, 10).toUpperCase() : '') ?? [];
    if (phase === 'greeting' && command === 'EHLO') phase = 'ehlo';
    if (phase === 'offered' && command === 'STARTTLS') phase = 'starttls';
    if (!binds || phase === 'secured' || ['EHLO', 'STARTTLS', 'QUIT'].includes(command))
      return write.call(socket, data, ...rest);
    fail(`Haraka would send ${command} in clear`);
    return false;
  };

  socket.upgrade = (options, done) => {
    if (!binds) {
      upgrade.call(socket, options, (...told) => {
        phase = 'secured';
        done(...told);
        judge(plugin, demand, socket.cleartext).then(
          ({ reached, proof, spki }) => tell(reached, proof, spki),
          (error) => plugin.logwarn(`${host}: ${error.message}`),
        );
      });
      socket.cleartext.once('error', () => phase !== 'secured' && tell('failed'));
      return;
    }
    const ours = {
      servername: demand.serverName,
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
    };
    upgrade.call(socket, { ...options, ...ours }, (_authorized, _error, certificate, cipher) => {
      if (phase === 'over') return;
      phase = 'judged';
      judge(plugin, demand, socket.cleartext).then(
        ({ meets, reached, proof, spki, because }) => {
          tell(reached, proof, spki);
          if (phase === 'over') return;
          if (meets !== true) {
            fail(because);
            return;
          }
          phase = 'secured';
          hmail.loginfo(`${host} may have mail for ${domain}: ${because}`);
          // What Haraka goes by, before each command, where TLS is forced.
          socket.cleartext.authorized = true;
          done(true, null, certificate, cipher);
          emit.call(socket, 'secure');
        },
        (error) => fail(`its certificate cannot be judged: ${error.message}`),
      );
    });
  };
}

// What the handshake proves, by the advisor.
async function judge(plugin, { domain, host }, cleartext) {
  const chain = [];
  let certificate = cleartext.getPeerX509Certificate();
  while (certificate !== undefined && chain.length < MOST_CERTIFICATES) {
    chain.push(certificate.raw.toString('base64'));
    certificate = certificate.issuerCertificate;
  }
  const handshake = { domain, host, chain, path: pathOf(cleartext) };
  const { status, body } = await plugin.waxwing_ask('POST', '/v1/handshakes', handshake);
  if (status !== 200) throw new Error(`the advisor says ${status}: ${body.error}`);
  return body;
}

// null: the certificates lead to an authority; else OpenSSL's name of what is wrong with them.
function pathOf({ authorized, authorizationError: code }) {
  // That is about the name of the host; which names count the advisor knows.
  if (authorized || code === 'ERR_TLS_CERT_ALTNAME_INVALID') return null;
  return /^[A-Z0-9_]{1,64}$/.test(code) ? code : 'UNKNOWN';
}
