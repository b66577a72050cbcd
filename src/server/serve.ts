// The function serve() of the library. It starts the cameras, the codec threads that they share, and the door for viewers.

import { watchFrames } from "../capture/supervise/watchdog.ts";
import { BUN_RUNTIME } from "../codec/bun/runtime.ts";
import { Arena } from "../codec/memory/arena.ts";
import { LentMemory } from "../codec/memory/lent-memory.ts";
import { FairShare } from "../codec/threads/fair-share.ts";
import { ownTileEncoder } from "../codec/threads/own-tile-encoder.ts";
import { CodecPool } from "../codec/threads/pool.ts";
import { messageOf, UsageError } from "../core/errors.ts";
import { SILENT_LOG } from "../core/log.ts";
import { LoopDelay } from "../core/loop-delay.ts";
import { GoodbyeReason } from "../protocol/wire.ts";
import { freeFiles, withinFiles } from "./access/open-files.ts";
import { warnOfAutomaticNames, warnOfMissing } from "./access/key-cameras.ts";
import { ServerKeys } from "./access/server-keys.ts";
import { Camera, FAREWELL_MS } from "./cameras/camera.ts";
import { CameraGroup } from "./cameras/camera-group.ts";
import type { CameraSurroundings } from "./cameras/camera-surroundings.ts";
import { checkNames, type OpenedCamera } from "./cameras/sources.ts";
import { announce } from "./doors/announce.ts";
import { openDoors, shortFingerprint, tlsReport } from "./open-doors.ts";
import { openMqtt } from "./open-mqtt.ts";
import { adaptationLimits, openReception } from "./open-reception.ts";
import { Clips } from "./past/clips.ts";
import { checkRecordings, Recordings } from "./record/recordings.ts";
import { CommitSink } from "./renditions/sinks.ts";
import { type ServeReport, sumUp } from "./report/report.ts";
import { DurationsInBuckets } from "./report/durations-in-buckets.ts";
import { CameraStages } from "./report/stages.ts";
import type { ServeOptions } from "./settings/options.ts";
import { pendingOptions } from "./settings/pending.ts";
import { resolveServeOptions } from "./settings/resolve.ts";
import type { OptionChanges, Server } from "./server.ts";

const TICK_MS = 100;

/**
 * Serves cameras to viewers. Resolves when the server listens.
 *
 * Throws UsageError for an option that is not allowed, MissingError for a missing program or device, SourceError when the source
 * of a single camera cannot be read, and ConnectionError when the port is in use. After an error no resource stays open. With
 * several cameras, a camera that fails does not end the others, and it is tried again if it may work later.
 *
 * @example
 * await using server = await serve({ cameras: [{ source: "pattern" }], port: 0 });
 * console.log(`bun run view 127.0.0.1:${server.port}`);
 */
export async function serve(options: ServeOptions = {}): Promise<Server> {
  const resolved = resolveServeOptions(options);
  await checkRecordings(resolved.cameras);
  const { host } = resolved;
  const { log = SILENT_LOG } = options;
  const closing = new AbortController();
  const breaking = new AbortController();
  const stopping = [closing.signal, breaking.signal, ...(options.signal === undefined ? [] : [options.signal])];
  const signal = AbortSignal.any(stopping);

  let present = resolved;
  const logOf = (subject: string, name: string) =>
    present.cameras.length > 1 ? log.getChild(subject).getChild(name) : log.getChild(subject);
  const serverLog = log.getChild("server");

  const arena = Arena.create();
  const pool = new CodecPool({
    runtime: BUN_RUNTIME,
    arena,
    codec: resolved.codec,
    threads: resolved.workers,
    work: ["encode"],
    onIdle: () => share.pump(),
    onBroken: (reason) => breaking.abort(reason),
    onRestarted: (reason) => serverLog.warning(`a codec thread failed and was restarted: ${reason}`),
  });
  const share = new FairShare(pool);
  await using opening = new AsyncDisposableStack();
  opening.defer(() => pool.close());
  const recordings = opening.use(new Recordings());
  const surroundings: Omit<CameraSurroundings, "logOf" | "follower"> = {
    memory: new LentMemory(arena),
    freeStates: [],
    pool,
    own: ownTileEncoder(resolved.codec, arena, pool),
    codec: resolved.codec,
    frames: resolved.frames,
    allowControls: resolved.allowControls,
    recordings,
    clips: new Clips(),
    // The receiver may be slow, or throw, and the event comes out of the encoder.
    onEvent: (message) => {
      queueMicrotask(() => options.onEvent?.(message.report));
      if (message.report.phase !== "update") mqtt?.send(message);
    },
    sinks: options.onTiles === undefined ? [] : [new CommitSink(options.onTiles)],
    trace: options.trace ?? null,
  };
  /** The stages of each camera's frames, for the metrics of the HTTP door. */
  const stages = new Map<string, CameraStages>();
  const createCamera = ({ name, source, camera }: OpenedCamera): Camera => {
    const follower = resolved.http === null ? null : new CameraStages();
    if (follower !== null) stages.set(name, follower);
    const own = {
      logOf: (subject: "camera" | "encode" | "deliver" | "record" | "motion") => logOf(subject, name),
      follower,
    };
    return new Camera(name, watchFrames(source), camera, { ...surroundings, ...own });
  };
  const group = new CameraGroup(resolved.cameras, {
    create(opened) {
      const camera = createCamera(opened);
      share.add(camera);
      return camera;
    },
    onRemoved(camera) {
      share.remove(camera);
      stages.delete(camera.name); // The next camera of this name makes its own.
    },
    logOf: (name) => logOf("capture", name),
    log: serverLog,
  });
  const { cameras } = group;
  opening.defer(() => group.close());
  const mqtt = opening.use(await openMqtt(resolved.mqtt, cameras, log.getChild("motion")));

  const access = withinFiles(resolved.access, freeFiles(), cameras.length);
  if (access.maxViewers < resolved.access.maxViewers) {
    serverLog.warning(
      `this process may open only a few files, so the server takes at most ${access.maxViewers} viewers: raise the limit with 'ulimit -n'`,
    );
  }
  const keys = resolved.keys === null ? null : opening.use(new ServerKeys({ ...resolved.keys, log: serverLog }));
  const reception = openReception(cameras, keys?.ring ?? null, { ...resolved, access }, serverLog);
  if (keys !== null) {
    keys.onChanged = () => {
      reception.keysChanged();
      warnOfAutomaticNames(keys.ring.roles, group.named, serverLog);
    };
  }
  const warnOfKeys = () => {
    warnOfMissing(present.keys?.given.map(({ role }) => role) ?? [], group.named, serverLog);
    warnOfAutomaticNames(keys?.ring.roles ?? [], group.named, serverLog);
  };
  warnOfKeys();
  const loopDelays = new DurationsInBuckets();
  const doors = await openDoors(opening, resolved, {
    reception,
    cameras,
    stages,
    loopDelays,
    log,
    saysOpen: options.open === true,
  });
  const { identity, web } = doors;
  const { port } = doors.viewers;
  const ticking = setInterval(() => reception.tick(), TICK_MS);
  opening.defer(() => clearInterval(ticking));
  const loopDelay = opening.use(new LoopDelay(loopDelays));
  await pool.started;
  if (resolved.announce) {
    const needsKey = keys !== null;
    // The names of cameras are secret until a viewer has proven a key.
    const sourceName = needsKey ? "" : cameras.map(({ name }) => name).join(", ");
    const what = {
      host,
      port,
      sourceName,
      needsKey,
      usesTls: identity !== null,
      fingerprint: shortFingerprint(identity),
    };
    opening.defer(await announce(what, serverLog));
  }

  const report = () =>
    sumUp(
      cameras.map((camera) => camera.report()),
      {
        ...{
          host,
          port,
          http: web === null ? null : { port: web.port, tls: web.isSecure },
          codec: resolved.codec,
          tls: tlsReport(identity),
          refusedBy: reception.refusedBy,
          loopDelayMs: loopDelay.delays.summary(),
        },
        ...{ sentBytes: reception.bitrate.sentBytes, heldBack: reception.bitrate.heldBack },
      },
    );
  const resources = opening.move();
  const run = async (): Promise<ServeReport> => {
    await using _ = resources;
    try {
      await group.run(signal);
    } finally {
      doors.viewers[Symbol.dispose]();
      web?.close();
      // This reaches the viewers that have not sent Hello yet and so have no camera.
      reception.dismiss(GoodbyeReason.shutdown, "the server is shutting down");
      await reception.empty.wait(AbortSignal.timeout(FAREWELL_MS));
    }
    breaking.signal.throwIfAborted();
    return report();
  };
  const closed = run();
  let isHeard = false; // True when the caller has read `closed`, because then the caller gets the error.
  const settled = closed.then(
    () => undefined,
    (error: unknown) => serverLog[isHeard ? "debug" : "warning"](`the server has ended: ${messageOf(error)}`),
  );
  let changing: Promise<unknown> = Promise.resolve();
  const change = (next: ServeOptions): Promise<OptionChanges> => {
    const work = async (): Promise<OptionChanges> => {
      const wanted = resolveServeOptions(next);
      checkNames(wanted.cameras);
      await checkRecordings(wanted.cameras);
      if (!group.isRunning) throw new UsageError("the server has ended, so its options cannot change");
      const pending = pendingOptions(resolved, wanted);
      const { cameras: ofCameras, maxLatencyMs, maxBitsPerSecond } = wanted;
      const givenKeys = pending.includes("keys") ? present.keys : wanted.keys;
      present = { ...resolved, cameras: ofCameras, maxLatencyMs, maxBitsPerSecond, keys: givenKeys };
      reception.limits = adaptationLimits(present);
      keys?.replaceGiven(present.keys?.given ?? []);
      const changes = await group.replace(wanted.cameras);
      warnOfKeys();
      return { cameras: changes, pending };
    };
    const done = changing.then(work);
    changing = done.catch(() => undefined); // the caller gets the error
    return done;
  };
  const close = () => {
    closing.abort();
    return settled;
  };
  return {
    host,
    port,
    http: web === null ? null : { port: web.port, tls: web.isSecure },
    needsKey: keys !== null,
    firstKey: keys?.firstKey ?? null,
    report,
    change,
    close,
    get publicKey() {
      return identity?.current.publicKey ?? null;
    },
    get hostNames() {
      return identity?.current.hostNames ?? [];
    },
    get closed() {
      isHeard = true;
      return closed;
    },
    [Symbol.asyncDispose]: close,
  };
}
