"""What a conductor's error codes and categories mean, in plain words, and what usually helps.

The codes are the ones that Marianne documents; the words are ours. A code that is not in this
table is shown as it came: a newer conductor may have more of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Remedy = Literal["resume", "modify", "submit"]


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an error says about a sheet."""

    title: str  # what happened, as the end of a sentence about a sheet
    means: str
    helps: str
    remedy: Remedy = "resume"  # what `helps` comes to first


_RATE = "Wait until the limit is over and resume; fewer sheets at once meet it less often."
_LOOK_AT_LINES = "Read its last lines below."
_SCORE = "Mend the score, then edit and resume: sheets that are done are not run again."

CODES: Final[dict[str, Meaning]] = {
    "E001": Meaning(
        "ran out of time",
        "It was still working when the time that the score allows for a sheet was over.",
        "See in its last lines what it was doing. Allow more time in the score, or make the "
        "sheet smaller, then edit and resume.",
        "modify",
    ),
    "E002": Meaning(
        "was killed",
        "A signal ended its process; it did not end by itself.",
        "Was the machine out of memory, or did somebody end it? If neither, resume.",
    ),
    "E003": Meaning(
        "crashed",
        "Its process, or the one that watches over it, broke down.",
        "Resume once. If it comes again, look at the machine and at the conductor's log.",
    ),
    "E004": Meaning(
        "was interrupted",
        "It was told to stop from outside, as by a cancel or by the conductor's own end.",
        "Resume: it begins anew.",
    ),
    "E005": Meaning(
        "ran out of memory",
        "The system ended it because memory was short.",
        "Let it do less at once, or run fewer sheets side by side, then resume.",
    ),
    "E006": Meaning(
        "went silent",
        "It printed nothing for longer than the score allows, and was taken for stuck.",
        "See in its last lines where it stopped. If it works long without a word, allow more "
        "silence in the score (stale_detection), then edit and resume.",
    ),
    "E009": Meaning(
        "could not be run",
        "It was not started, or ended in a way that the conductor cannot name.",
        "Read the message: often a program, a folder or a right is missing. Mend that and resume.",
    ),
    "E101": Meaning("met the rate limit of an API", "The service asked for fewer requests.", _RATE),
    "E102": Meaning(
        "met the rate limit of its tool", "The command-line tool refused further work.", _RATE
    ),
    "E103": Meaning(
        "found the service overloaded", "The service had no room for the request.", _RATE
    ),
    "E104": Meaning(
        "used up its quota",
        "What the account may use in this period is spent.",
        "Wait until the quota begins anew, or have it raised; then resume.",
    ),
    "E201": Meaning(
        "did not leave a file that it must leave",
        "Its command ended well, yet a file that the score asks for is not there or not new.",
        "Compare the expected path with what the sheet wrote. If the path in the score is wrong, "
        "edit and resume; if the file is there by now, recover.",
    ),
    "E202": Meaning(
        "left a file with other content than it must have",
        "Its command ended well, yet the file does not hold what the score looks for.",
        "Compare expected and found. Mend the rule or the prompt, then edit and resume; if the "
        "file has been put right by hand, recover.",
    ),
    "E203": Meaning(
        "did not pass a check",
        "Its command ended well, yet a command that the score uses as a check did not.",
        "Run the check in the workspace and read what it says. If it passes by now, recover.",
    ),
    "E204": Meaning(
        "has a check that ran out of time",
        "A check of what it left behind did not end in time.",
        "Make the check quicker or allow it more time, then edit and resume.",
        "modify",
    ),
    "E209": Meaning(
        "did not pass validation",
        "What it left behind is not what the score asks for.",
        "Compare expected and found.",
    ),
    "E301": Meaning("has a score that is not valid", "The score breaks a rule.", _SCORE, "modify"),
    "E302": Meaning("has a score that lacks something", "A field is missing.", _SCORE, "modify"),
    "E303": Meaning(
        "has a score that names a path that is not there",
        "A file or folder in the score does not exist on the conductor's machine.",
        "Make the path or mend the score, then resume.",
    ),
    "E304": Meaning(
        "could not be prepared",
        "Its prompt could not be made from the score's template.",
        _SCORE,
        "modify",
    ),
    "E305": Meaning(
        "has a wrong tool server setting", "Its MCP settings do not work.", _SCORE, "modify"
    ),
    "E306": Meaning(
        "has a mode that its tool lacks",
        "The tool does not take the mode that is set.",
        _SCORE,
        "modify",
    ),
    "E401": Meaning(
        "met a damaged checkpoint",
        "What the conductor keeps about the job cannot be read any more.",
        "Submit the score again; the workspace is still there.",
        "submit",
    ),
    "E402": Meaning(
        "could not load its state", "The conductor could not read its own records.", "Resume."
    ),
    "E403": Meaning(
        "could not save its state",
        "The conductor could not write its own records.",
        "Is the conductor's disk full? Make room, then resume.",
    ),
    "E404": Meaning(
        "met a state of another version",
        "The job was begun by another version of the conductor.",
        "Submit the score again.",
        "submit",
    ),
    "E501": Meaning(
        "could not reach its instrument", "The connection to the tool or service failed.", "Resume."
    ),
    "E502": Meaning(
        "was not let in by its instrument",
        "The tool or service refused the credentials.",
        "Renew the key or the login on the conductor's machine, then resume.",
    ),
    "E503": Meaning(
        "got an answer that it cannot use",
        "The tool or service answered with something that the conductor does not understand.",
        "Resume once; if it comes again, look at the tool's version.",
    ),
    "E504": Meaning(
        "waited too long for its instrument", "The tool or service did not answer.", "Resume."
    ),
    "E505": Meaning(
        "has no instrument",
        "The tool that the score names is not installed where the conductor runs.",
        "Install it there, or name another instrument: edit and resume.",
    ),
    "E601": Meaning(
        "was held back before it began",
        "A path that it needs is not there.",
        "Make it, or mend the score, then resume.",
    ),
    "E602": Meaning(
        "has a prompt that is too long",
        "The rendered prompt is longer than the instrument takes.",
        "Make the sheets smaller, then edit and resume.",
        "modify",
    ),
    "E603": Meaning(
        "has no folder to work in",
        "Its working folder is missing or cannot be used.",
        "Make the folder or name another, then resume.",
    ),
    "E604": Meaning(
        "has a check that cannot be set up", "A validation rule is wrong.", _SCORE, "modify"
    ),
    "E901": Meaning(
        "had no network", "A connection to the outside failed.", "Look at the network, then resume."
    ),
    "E902": Meaning(
        "could not find a host", "A name could not be resolved.", "Look at DNS, then resume."
    ),
    "E903": Meaning(
        "did not trust a connection",
        "A certificate was not accepted.",
        "Look at the certificate and at the machine's clock, then resume.",
    ),
    "E904": Meaning(
        "waited too long for the network", "A connection took too long.", "Resume later."
    ),
    "E999": Meaning(
        "ended with an error",
        "Its command said by its exit code that it failed. The conductor knows no more.",
        f"{_LOOK_AT_LINES} If the cause lies outside, such as a service that was down, resume; "
        "if it lies in the score, edit and resume.",
    ),
}

CATEGORIES: Final[dict[str, Meaning]] = {
    "transient": Meaning(
        "failed in a way that may pass", "Trying again may help.", f"{_LOOK_AT_LINES} Then resume."
    ),
    "rate_limit": Meaning("met a rate limit", "A service asked for fewer requests.", _RATE),
    "validation": CODES["E209"],
    "auth": CODES["E502"],
    "network": CODES["E901"],
    "timeout": CODES["E001"],
    "signal": CODES["E002"],
    "fatal": Meaning(
        "failed for good", "The conductor does not expect another try to help.", _LOOK_AT_LINES
    ),
    "configuration": CODES["E301"],
    "preflight": CODES["E601"],
    "escalation": Meaning(
        "asked for a person",
        "The score says that somebody has to decide before it goes on.",
        "Read what it asks, then resume or cancel.",
    ),
}


def meaning_of(code: str, category: str) -> Meaning | None:
    """What is known of an error; None where neither code nor category is in the tables."""
    return CODES.get(code.strip().upper()) or CATEGORIES.get(category.strip().lower())
