export const loadUsage = `signalbox load [URL] [options]   loads a gateway and tells what it took

URL is the gateway's address, as clients use it; default http://127.0.0.1:8080. Signals are sent at random moments whatever
the gateway answers, and latency counts from the moment when each was due. Each is checked: lost, doubled, out of order, altered.

  --scenario <name>       call (default): rooms of 4, candidates among all
                          class: rooms of 30, messages from the teacher and to all
                          broadcast: one speaks to 500, who see a count
                          cameras: 100 exchange offers with one hub
  --rooms <n>             rooms; default by scenario: 10, 2, 1, 1
  --participants <n>      in each room; default by scenario: 4, 30, 500, 100
  --rate <n>              signals or messages a second, of all participants together; default 100, 20, 5, 50
  --duration <time>       30s, 5m; default 10s, after a second that warms up
  --ramp <n>              joins a second; default 200
  --transport <name>      websocket (default), grpc or connect: what browsers behind HTTP/2 use, here over HTTP/1.1
  --send <what>           candidates, offers (signals to one participant), messages (RELIABLE) or lossy (messages to the room)
  --size <bytes>          text in each; default by what is sent: 130, 5800, 300, 100

Tokens. Without any of these the gateway must be in development (signalbox serve --dev), and gives them itself.
  --key-file <file>       the gateway's key file: tokens are signed here (SIGNALBOX_KEY_FILE)
  --kid <kid>             key to sign with; default the first that has a secret
  --tokens <file>         tokens made elsewhere, one a line: for rooms one after the other, again from the first where they
                          are few; the first of a room must be a hub's where the scenario is cameras

  --room-prefix <text>    rooms are called <text>1, <text>2 …; default load-, a random part, -
  --insecure              takes any certificate: for test systems only
  --json <file>           writes the results as JSON, too
  --seed <n>              the same seed, the same moments and choices; default 1

Ends with 0 when all joined and nothing was refused or lost, with 1 when not, with 2 when an option is wrong. Ctrl-C ends
it early, with the figures so far.

The gateway bounds what one address may do. For more than a test system's usual load, set in its configuration (docs/load-testing.md):
  {"portLimits": {"connectionRate": {"burst": 100000, "perSecond": 10000}, "sessionRate": {"burst": 100000, "perSecond": 10000},
                  "addressShare": 1, "handshakesPerAddress": 1000}}
`;
