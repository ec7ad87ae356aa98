"""The bundled conductor: its own process, the recorded protocol, real `instrument: cli` sheets.

Who owns whom, from the socket to the shell:

    Daemon            the process: home, signals, housekeeping
      Server          connections; Methods and Reports answer by name
      Store           the checkpoint: one writer thread, commits that survive a power cut
      Bus             events to all listeners
      Conductor       all runs, and what may be done to them; its lock orders the changes
        Run           one run of a score: record and sheets, written by `Run.commit`
        Performances  one task per run under way, from start or resume to its end
          Driver      the sheets of one run in their order (Readiness), until done or stopped
            Playing   one sheet: skip it, or try it until it succeeds or may not any more
              Attempt one try: render, run, judge (Judge)
          Launcher    starts commands, never without a note in the checkpoint
            Supervised  one command as seen from here
              supervisor.py  its process: child subreaper, reads output, ends the tree

One Brake per playing sheet reaches down to whatever it does at the moment. Before a Driver comes
`admission` (may this score run?) and `preparing` (its sheets); after a crash comes `restart`.
"""

from jobs.embedded.ownership import AlreadyOwned, owner_of
from jobs.embedded.paths import Home, socket_path_for
from jobs.embedded.settings import Settings

__all__ = ["AlreadyOwned", "Home", "Settings", "owner_of", "socket_path_for"]
