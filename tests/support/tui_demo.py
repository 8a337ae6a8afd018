"""Fakes of the two ports of the screen, and its states for pictures.

`python tests/support/tui_demo.py [STATE]` shows one of them in this terminal.
"""

from __future__ import annotations

import dataclasses
import math
import sys
from collections.abc import Callable
from datetime import timedelta

from tui_fakes import HOSTILE, NOON, FakeBrowser, snapshot

from usenetsync_tui.model.commands.command import Command
from usenetsync_tui.model.commands.jobs import Pause, Resume
from usenetsync_tui.model.commands.recovery import (
    Adopt,
    LookByString,
    RestoreByString,
    Share,
    StopSharing,
    WriteString,
)
from usenetsync_tui.model.entries import Notice, NoticeKind
from usenetsync_tui.model.folders import (
    Compression,
    Folder,
    FolderDefaults,
    Priority,
    Profile,
    Realm,
    Snapshot,
    SnapshotState,
    StoreKind,
)
from usenetsync_tui.model.jobs import Job, JobState, PastJob, Verb
from usenetsync_tui.model.machine.findings import bad, good, warn
from usenetsync_tui.model.ports.browser import Browser, Cause
from usenetsync_tui.model.secret import Secret
from usenetsync_tui.model.servers.servers import ConnectionStatus, ServerState, ServerStatus
from usenetsync_tui.model.sources import Refusal, RefusalKind
from usenetsync_tui.model.status.engine import EngineState, EngineStatus, PoolStatus
from usenetsync_tui.model.status.folders import FolderStatus, LastCheck
from usenetsync_tui.model.status.jobs import JobStatus, StageStatus, WorkerStatus
from usenetsync_tui.model.status.recovery import (
    Adopting,
    Sharing,
    StringRestoreStatus,
    StringVersions,
)
from usenetsync_tui.model.status.tasks import Event, Examination, Severity, TaskStatus
from usenetsync_tui.model.waiting import Waiting
from usenetsync_tui.model.windows import Window


class FakeHandle:
    """An engine with the status that a test sets. Records every command."""

    def __init__(self, status: EngineStatus, browser: Browser | None = None) -> None:
        self.now = status
        self.commands: list[Command] = []
        self._browser = browser

    @property
    def status(self) -> EngineStatus:
        return self.now

    @property
    def browser(self) -> Browser | None:
        return self._browser

    def submit(self, command: Command) -> None:
        self.commands.append(command)


STRING = Secret("usenetsync1pqqqqsyqcyq5rqwzqfpg9scrgwpugpzysnzs23v9ccrydpk8qarc0skqvj3k")
"""The recovery string of the secret 000102…1f."""
PROTECTED = Secret(
    "usenetsync1ppqgpqqqgzqvzq2ps8pqys5zcvp58q7yggqx6tnha4ftzmmaqqqypqxpq9qcrsszg2pw8n"
    "7a7yajsn4xc72rtfz26qsf2scmyvupek2rx9dplaf0h4nmng0d6sqmc8dtmhr34jy3y0f2rcwwsdc7fdr"
)


class SharingHandle(FakeHandle):
    """An engine that makes recovery strings, and forgets them."""

    def submit(self, command: Command) -> None:
        super().submit(command)
        sharing = self.now.sharing
        match command:
            case Share(folder_id, passphrase):
                string = PROTECTED if passphrase else STRING
                sharing = Sharing(folder_id, string, has_passphrase=bool(passphrase))
            case WriteString(path) if sharing is not None:
                sharing = dataclasses.replace(sharing, file=path, is_written=True)
            case StopSharing():
                sharing = None
            case Adopt(string):
                self.now = dataclasses.replace(self.now, adopting=self._adopting(string))
            case LookByString(string):
                self.now = dataclasses.replace(self.now, string_versions=self._versions(string))
            case RestoreByString(string):
                restore = StringRestoreStatus(
                    1,
                    b"/mnt/back",
                    "photos",
                    11,
                    "restore",
                    job=job(verb=Verb.RESTORE, version=11, target=b"/mnt/back"),
                )
                self.now = dataclasses.replace(self.now, string_restore=restore)
        self.now = dataclasses.replace(self.now, sharing=sharing)

    def _versions(self, string: str) -> StringVersions:
        """What a string brings back, or what is wrong with it."""
        number = self.now.string_versions.number + 1 if self.now.string_versions else 1
        if string != STRING:
            return StringVersions(number, over=True, problem="Character 3 is probably wrong.")
        versions = tuple(snapshot(each) for each in range(12, 0, -1))
        return StringVersions(number, "photos", versions, over=True)

    def _adopting(self, string: str) -> Adopting:
        """An adoption that goes on, or what is wrong with the string."""
        number = self.now.adopting.number + 1 if self.now.adopting else 1
        if string.replace(" ", "") == STRING:
            return Adopting(number, "photos", 412_877)
        problem = "In the recovery string, character 1 of group 6 ('z' in 'zq5r') is wrong."
        return Adopting(number, over=True, problem=problem)


STAGES = (
    StageStatus("scan", 0, 1, 1, 1, 1_412_007),
    StageStatus("read", 612, 1000, 2, 2, 1_240_118),
    StageStatus("pack", 48, 64, 1, 1, 91_422),
    StageStatus("seal", 31, 32, 4, 4, 90_887),
    StageStatus("plan", 3, 16, 1, 1, 90_801),
    StageStatus("post", 64, 64, 8, 8, 90_744),
    StageStatus("confirm", 2, 64, 0, 1, 90_739),
)

NOTICES = (
    Notice(NoticeKind.SKIPPED, b"run/docker.sock", "a socket"),
    Notice(NoticeKind.UNREADABLE, b"private/keys/id_ed25519", "Permission denied"),
    Notice(NoticeKind.UNREADABLE, b"private/keys/id_rsa", "Permission denied"),
    Notice(NoticeKind.CHANGED, b"var/log/syslog", "grew from 1,204,113 to 1,204,987 bytes"),
)


def job(**changes: object) -> JobStatus:
    """A running upload with everything in it."""
    base = JobStatus(
        id=1,
        folder_id=1,
        folder="photos",
        verb=Verb.UPLOAD,
        priority=Priority.NORMAL,
        state=JobState.RUNNING,
        version=12,
        phase="upload",
        scanned=True,
        entries=3_000_512,
        unchanged=1_100_000,
        total_files=3_000_512,
        done_files=1_243_018,
        total_bytes=2_204_000_000_000,
        done_bytes=1_212_200_000_000,
        posted_bytes=1_000_000_000_000,
        deduplicated_bytes=88_000_000_000,
        errors=3,
        current=b"1998/Urlaub \xe6\x97\xa5\xe6\x9c\xac/IMG_48213.CR3",
        bytes_per_second=84_200_000.0,
        files_per_second=97.0,
        eta=18_720.0,
        elapsed=9_000.0,
    )
    return dataclasses.replace(base, **changes)  # type: ignore[arg-type]


def folder(number: int, name: str, **changes: object) -> Folder:
    """A sealed folder on Usenet."""
    realm = Realm(number, StoreKind.USENET, Profile.SEALED, "a1b2.invalid", ("alt.binaries.test",))
    base = Folder(
        number,
        b"/srv/" + name.encode(),
        name,
        realm,
        Priority.NORMAL,
        Compression.LZ4,
        1,
        string_seen=True,
    )
    return dataclasses.replace(base, **changes)  # type: ignore[arg-type]


def folders_of(*jobs: JobStatus) -> tuple[FolderStatus, ...]:
    """A folder a job, and one that rests."""
    resting = folder(9, "archive", copies=2)
    last = snapshot(3, folder_id=9, files=12_004, size=48_000_000_000, errors=0)
    last = dataclasses.replace(last, state=SnapshotState.COMPLETE)
    return (
        FolderStatus(resting, last),
        *(of_folder(each, _version_of(each)) for each in jobs),
    )


def _version_of(one: JobStatus) -> Snapshot | None:
    """The folder's newest version: that of a finished upload, or the one before an open one."""
    if not one.version:
        return None
    finished = one.state in (JobState.COMPLETED, JobState.INCOMPLETE)
    number = one.version if finished else one.version - 1
    state = SnapshotState.INCOMPLETE if one.errors and finished else SnapshotState.COMPLETE
    changes = {"errors": one.errors if finished else 0, "state": state}
    return snapshot(number, folder_id=one.folder_id, **changes) if number else None


def of_folder(one: JobStatus, latest: Snapshot | None = None) -> FolderStatus:
    """A folder with one job."""
    backup = one if one.verb is Verb.UPLOAD else None
    errand = None if backup is not None else one
    path = b"/srv/" + one.folder.encode("utf-8", "surrogateescape")
    named = dataclasses.replace(folder(one.folder_id, "x"), name=one.folder, path=path)
    return FolderStatus(named, latest, one, backup, errand)


EVENTS = tuple(
    Event(NOON.timestamp() + at, severity, text)
    for at, severity, text in (
        (0.0, Severity.INFO, "photos: version 12 begins"),
        (4.2, Severity.WARN, "spare: too many connections (502), 4 of 10 from now on"),
        (61.0, Severity.BAD, "private/keys/id_rsa: Permission denied"),
        (75.5, Severity.INFO, "music: queued behind photos"),
    )
)

WORKERS = (
    WorkerStatus(1, "scan", b"/srv/photos", ""),
    WorkerStatus(2, "read", b"1998/Urlaub \xe6\x97\xa5\xe6\x9c\xac/IMG_48213.CR3", "segment 5/35"),
    WorkerStatus(3, "read", b"1998/Urlaub \xe6\x97\xa5\xe6\x9c\xac/IMG_48214.CR3", "segment 1/41"),
    WorkerStatus(4, "read", b"", ""),
    *(
        WorkerStatus(5 + n, "post", b"1998/IMG_%05d.CR3" % (48_200 + n), f"a1b2c3d{n}")
        for n in range(6)
    ),
    WorkerStatus(11, "post", b"", ""),
)


def samples(count: int) -> tuple[float, ...]:
    """A throughput that swings between 40 and 112 MB/s."""
    return tuple(1e6 * (76 + 22 * math.sin(n / 37) + 14 * math.sin(n / 5)) for n in range(count))


def running(**changes: object) -> EngineStatus:
    """An engine that runs jobs of two folders."""
    music = job(
        id=2,
        folder_id=2,
        folder="music",
        state=JobState.QUEUED,
        version=None,
        phase="",
        scanned=False,
        entries=0,
        total_files=0,
        done_files=0,
        total_bytes=0,
        done_bytes=0,
        unchanged=0,
        deduplicated_bytes=0,
        errors=0,
        current=b"",
        bytes_per_second=0.0,
        eta=None,
        elapsed=0.0,
    )
    jobs: tuple[JobStatus, ...] = changes.get("jobs", (job(), music))  # type: ignore[assignment]
    base = EngineStatus(
        state=EngineState.RUNNING,
        jobs=jobs,
        folders=folders_of(*jobs),
        workers=WORKERS,
        workers_allowed=8,
        events=EVENTS,
        stages=STAGES,
        bytes_per_second=84_200_000.0,
        files_per_second=97.0,
        throughput=samples(600),
        pool=PoolStatus(size=12, in_use=6, waiting=0, limit=40, query_ms=1.3),
        database="embedded",
        memory=212_000_000,
        in_flight=61_000_000,
        dedupe_rate=0.07,
        notices=NOTICES,
        notice_count=37,
        folder_defaults=FolderDefaults(
            StoreKind.USENET, ("alt.binaries.test",), "Me <me@example.com>"
        ),
    )
    return dataclasses.replace(base, **changes)  # type: ignore[arg-type]


def over(state: JobState, message: str, **changes: object) -> EngineStatus:
    """An engine whose only job has ended."""
    ended = job(state=state, phase="", message=message, current=b"", **changes)
    return running(
        state=EngineState.IDLE,
        jobs=(ended,),
        stages=(),
        workers=(),
        bytes_per_second=0.0,
        files_per_second=0.0,
        in_flight=0,
    )


def starting() -> FakeHandle:
    return FakeHandle(EngineStatus(EngineState.STARTING, limits=None))


def empty() -> FakeHandle:
    pool = PoolStatus(2, 0, 0, 40, 0.4)
    status = EngineStatus(EngineState.IDLE, pool=pool, memory=61_000_000, database="embedded")
    browser = FakeBrowser(0)
    browser.version_list, browser.cause_list = (), ()
    return FakeHandle(status, browser)


def at_work() -> FakeHandle:
    return FakeHandle(running(), FakeBrowser(3_000_000, done=12))


def scanning() -> FakeHandle:
    one = job(
        phase="scan",
        scanned=False,
        entries=412_007,
        total_files=400_118,
        done_files=2_011,
        total_bytes=210_000_000_000,
        done_bytes=1_400_000_000,
        eta=None,
        errors=0,
        version=1,
        unchanged=0,
        deduplicated_bytes=0,
    )
    status = running(jobs=(one,), throughput=samples(40), notices=(), notice_count=0)
    return FakeHandle(status, FakeBrowser(400))


def paused() -> FakeHandle:
    status = running(
        state=EngineState.PAUSED,
        jobs=(job(state=JobState.PAUSED, bytes_per_second=0.0, eta=None),),
        bytes_per_second=0.0,
        stages=tuple(dataclasses.replace(stage, active=0) for stage in STAGES),
    )
    return FakeHandle(status, FakeBrowser(3_000_000, done=12))


def failed() -> FakeHandle:
    status = over(
        JobState.FAILED,
        "The store refused. 441 posting failed: not authorised to post to alt.binaries.test",
        errors=37,
    )
    return FakeHandle(status, FakeBrowser(30_000, done=12))


def done() -> FakeHandle:
    status = over(
        JobState.COMPLETED, "", errors=0, done_files=3_000_512, done_bytes=2_204_000_000_000
    )
    status = dataclasses.replace(status, notices=(), notice_count=0)
    browser = FakeBrowser(900, done=900)
    browser.cause_list = ()
    return FakeHandle(status, browser)


def unseen() -> SharingHandle:
    """No recovery string was seen yet; the newest version has no index."""
    status = done().now
    folders = tuple(
        dataclasses.replace(each, folder=dataclasses.replace(each.folder, string_seen=False))
        for each in status.folders
    )
    browser = FakeBrowser(900, done=900)
    browser.version_list = tuple(
        dataclasses.replace(each, indexed=each.version < 12) for each in browser.version_list
    )
    return SharingHandle(dataclasses.replace(status, folders=folders), browser)


def past_jobs(count: int) -> tuple[PastJob, ...]:
    """Jobs of all kinds and ends, newest first, one every six hours."""
    ends = (
        (Verb.UPLOAD, JobState.COMPLETED, 0, "", b""),
        (Verb.RESTORE, JobState.FAILED, 0, "/mnt/back: no such folder", b"/mnt/back"),
        (Verb.VERIFY, JobState.INCOMPLETE, 12, "12 articles are missing on every server", b""),
        (Verb.UPLOAD, JobState.CANCELLED, 0, "", b""),
        (Verb.RESTORE, JobState.COMPLETED, 0, "", b"/mnt/back"),
    )
    found = []
    for number in range(count, 0, -1):
        verb, state, errors, message, target = ends[(count - number) % len(ends)]
        began = NOON - timedelta(hours=6 * (count - number))
        one = Job(
            number,
            1,
            verb,
            Priority.NORMAL,
            state,
            version=number,
            target=target or None,
            paths=(),
            owns_target=False,
            created_at=began,
            finished_at=began + timedelta(minutes=2, seconds=4),
            done_files=1_204,
            done_bytes=9_300_000_000,
            total_files=1_204,
            total_bytes=9_300_000_000,
            errors=errors,
            message=message or None,
            started_at=began,
            worked=124.0,
            posted_bytes=8_100_000_000,
        )
        found.append(PastJob(one, "photos"))
    return tuple(found)


def with_history(count: int = 24) -> FakeHandle:
    """A catalogue that has had many jobs."""
    browser = FakeBrowser(900, done=900)
    browser.past, browser.notice_list = past_jobs(count), NOTICES
    return FakeHandle(done().now, browser)


def errands() -> FakeHandle:
    """Backups with an errand each: a running restore, a refused one, a check that found losses."""
    uploaded = job(state=JobState.COMPLETED, current=b"", errors=0, elapsed=124.0)
    restore = job(id=7, verb=Verb.RESTORE, version=11, target=b"/mnt/back", errors=0)
    refused = dataclasses.replace(
        restore, id=8, folder_id=2, state=JobState.FAILED, message="/mnt/bcak: no such folder"
    )
    latest = snapshot(12)
    check = LastCheck(NOON, bodies=True, sample=30, checked=90_739, missing=3, damaged=1, unknown=0)
    sound = dataclasses.replace(check, missing=0, damaged=0)
    folders = (
        FolderStatus(folder(3, "archive"), latest, uploaded, uploaded, None, check),
        FolderStatus(folder(2, "music"), latest, refused, uploaded, refused, sound),
        FolderStatus(folder(1, "photos"), latest, restore, uploaded, restore, sound),
    )
    status = running(jobs=(uploaded, refused, restore), folders=folders)
    return FakeHandle(status, FakeBrowser(900, done=900))


SERVICE = Window("serve", 812)
CRON = Window("upload", 4_711, "cron")


def attached() -> FakeHandle:
    """A screen at the engine of a service, with a command of cron."""
    now = dataclasses.replace(servers().now, holder=SERVICE, windows=(CRON,))
    return FakeHandle(now, FakeBrowser(3_000_000, done=12))


DIED = f"The engine has died: {SERVICE}. This screen takes over."


def lost(status: EngineStatus) -> EngineStatus:
    """The moment after the engine of another program died."""
    return dataclasses.replace(
        status,
        state=EngineState.STARTING,
        message=DIED,
        holder=None,
        windows=(),
        workers=(),
        stages=(),
        bytes_per_second=0.0,
        files_per_second=0.0,
    )


def taken_over(status: EngineStatus) -> EngineStatus:
    """This screen's own engine, after that."""
    told = Event(NOON.timestamp(), Severity.BAD, DIED)
    return dataclasses.replace(status, holder=None, windows=(CRON,), events=(told, *EVENTS[:1]))


def followed() -> FakeHandle:
    """The engine of this screen, with other windows at it."""
    now = dataclasses.replace(servers().now, windows=(CRON, Window("screen", 5_021, "pts/3")))
    return FakeHandle(now, FakeBrowser(3_000_000, done=12))


def held() -> FakeHandle:
    """Two heavy jobs of an earlier time, which wait for an answer."""
    restore = {"verb": Verb.RESTORE, "version": 11, "target": b"/mnt/back", "errors": 0}
    jobs = (
        job(state=JobState.QUEUED),
        job(id=2, folder_id=2, folder="music", state=JobState.QUEUED, **restore),
    )
    status = running(state=EngineState.IDLE, jobs=jobs, folders=folders_of(*jobs), held=(1, 2))
    quiet = dataclasses.replace(
        status, workers=(), stages=(), bytes_per_second=0.0, files_per_second=0.0
    )
    return FakeHandle(quiet, FakeBrowser(3_000_000, done=12))


def ended(status: EngineStatus) -> EngineStatus:
    """The upload of `at_work` has just ended."""
    done = job(state=JobState.INCOMPLETE, phase="", current=b"", elapsed=9_124.0)
    return dataclasses.replace(status, jobs=(done,), folders=folders_of(done))


def hostile() -> FakeHandle:
    notices = tuple(
        Notice(NoticeKind.UNREADABLE, name, f"reason {name.decode('utf-8', 'surrogateescape')}")
        for name in HOSTILE[:6]
    )
    evil = "[@click=app.quit]evil[/] \x1b]0;owned\x07\u202efolder"
    status = running(
        jobs=(job(folder=evil, message=evil, current=HOSTILE[2]),),
        notices=notices,
        notice_count=len(notices),
        message=evil,
        events=(Event(NOON.timestamp(), Severity.BAD, evil),),
        workers=tuple(WorkerStatus(n, "read", name, evil) for n, name in enumerate(HOSTILE[:4])),
        tasks=(TaskStatus(1, f"retry 37 files of {evil}", 12, 37),),
    )
    browser = FakeBrowser(0, names=HOSTILE)
    browser.cause_list = (Cause(NoticeKind.UNPOSTED, evil, evil, 37),)
    return FakeHandle(status, browser)


def read_only() -> FakeHandle:
    return FakeHandle(running(read_only=True), FakeBrowser(3_000_000, done=12))


def server(name: str, **changes: object) -> ServerStatus:
    status = ServerStatus(
        name=name,
        host=f"{name}.example.com",
        state=ServerState.UP,
        open=20,
        busy=18,
        allowed=20,
        configured=20,
        bytes=1_200_000_000,
        articles=1_500,
        latency=0.05,
        connections=tuple(
            ConnectionStatus(n, "posting" if n < 19 else "idle", 60_000_000, 75, n // 7, 0.05)
            for n in range(1, 21)
        ),
    )
    return dataclasses.replace(status, **changes)  # type: ignore[arg-type]


def servers() -> FakeHandle:
    """One server works, one without encryption, one with errors."""
    known = (
        server("first"),
        server("inhouse", tls_verified=False, busy=2, allowed=4),
        server(
            "spare",
            state=ServerState.PAUSED,
            message="502 Too many connections \x1b[31m",
            retry_in=540.0,
            busy=0,
            allowed=10,
        ),
    )
    status = running(servers=known, bandwidth_limit=25_000_000)
    return FakeHandle(status, FakeBrowser(3_000_000, done=12))


def refused() -> FakeHandle:
    """A folder most of whose files are gone."""
    refusal = Refusal(RefusalKind.SHRUNK, 12, 412_877, 398_013)
    ended = job(
        state=JobState.FAILED,
        phase="failed",
        version=13,
        errors=0,
        message=str(refusal),
        refusal=refusal,
    )
    status = dataclasses.replace(
        over(JobState.FAILED, str(refusal)), jobs=(ended,), folders=folders_of(ended)
    )
    return FakeHandle(status, FakeBrowser(3_000_000, done=12))


def examination(*, over: bool = True) -> Examination:
    """A finding of each grade."""
    found = (
        good("settings", "/etc/usenetsync/config.toml is read"),
        warn(
            "rights",
            "others have access: /var/lib/usenetsync is 0755",
            "chmod 700 /var/lib/usenetsync",
        ),
        good("database", "embedded, PostgreSQL 18.0, 9.4 GB, 9 folders"),
        good("key", "/etc/usenetsync/key opens 3 sealed folders; keep a copy of it elsewhere"),
        good("catalogue", "its sums agree"),
        good("disk", "81.2 GB free for data (/var/lib/usenetsync)"),
        good("clock", "plausible; each server's clock is compared in its test"),
        good("names", "2 names looked up"),
        good("first", "first.example.com:563 works (tls, login)"),
        warn(
            "inhouse",
            "inhouse.example.com:119 works, not encrypted",
            'Set tls to "implicit" or "starttls": everybody in between can read and change it.',
        ),
        bad(
            "spare",
            "spare.example.com:563: login failed",
            "Login refused: 481 [red]x[/]. Check username and password.",
        ),
    )
    return Examination(1, found, over=over)


def examined() -> FakeHandle:
    """An engine that has checked its machine while it waits for a server."""
    handle = servers()
    waiting = Waiting("waiting for news.example.com: connection refused", 12.0)
    handle.now = dataclasses.replace(
        handle.now, examination=examination(over=False), waiting=waiting
    )
    return handle


def plain() -> FakeHandle:
    """All folders are plain."""
    handle = servers()
    realm = Realm(1, StoreKind.USENET, Profile.PLAIN, "a1b2.invalid", ("alt.binaries.test",))
    folders = tuple(
        dataclasses.replace(each, folder=dataclasses.replace(each.folder, realm=realm))
        for each in handle.now.folders
    )
    handle.now = dataclasses.replace(handle.now, folders=folders)
    return handle


STATES: dict[str, Callable[[], FakeHandle]] = {
    "starting": starting,
    "empty": empty,
    "scanning": scanning,
    "running": at_work,
    "paused": paused,
    "failed": failed,
    "done": done,
    "hostile": hostile,
    "read-only": read_only,
    "servers": servers,
    "refused": refused,
}


class LivelyHandle(FakeHandle):
    """A running engine whose figures change each time its status is read."""

    def __init__(self) -> None:
        super().__init__(running(throughput=samples(550)), FakeBrowser(3_000_000, done=12))
        self.looks = 0

    @property
    def status(self) -> EngineStatus:
        self.looks += 1
        paused = [type(c) for c in self.commands if isinstance(c, Pause | Resume)][-1:] == [Pause]
        files = 1_243_018 + 25 * self.looks
        first = job(
            done_files=files,
            done_bytes=1_212_200_000_000 + 20_000_000 * self.looks,
            bytes_per_second=84e6 + 1e6 * (self.looks % 7),
            state=JobState.PAUSED if paused else JobState.RUNNING,
            current=b"1998/IMG_%d.CR3" % files,
        )
        stages = tuple(
            dataclasses.replace(
                stage,
                depth=(stage.depth + self.looks * 5) % (stage.capacity + 1),
                done=stage.done + self.looks,
            )
            for stage in STAGES
        )
        return dataclasses.replace(
            self.now,
            jobs=(first, *self.now.jobs[1:]),
            folders=folders_of(first, *self.now.jobs[1:]),
            stages=stages,
            bytes_per_second=first.bytes_per_second,
            throughput=samples(550 + self.looks // 4)[-600:],
        )


if __name__ == "__main__":
    from usenetsync_tui.tui.run import run_screen

    which = sys.argv[1] if len(sys.argv) > 1 else "lively"
    sys.exit(run_screen(LivelyHandle() if which == "lively" else STATES[which]()).exit_code)
