from readiness import Findings, Severity, check
from readiness.facts.scripts import Scripts


@check(Severity.MEDIUM)
def script_syntax(scripts: Scripts) -> Findings:
    """Every shell script can be read to its end.

    Why: a shell runs a script line by line; a quote that never closes shows when half of it has already happened.
    Fix: close the quote, brace or here-document that is shown; `bash -n SCRIPT` says the same.
    Peers: ShellCheck SC1009 and SC1073.
    Source: POSIX, "Shell Command Language": https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html
    """
    for script in scripts:
        if script.text.fault:
            place = script.file.at(script.text.fault, script.line_of(script.text.fault_at))
            yield place.expect(False, f"{script.text.fault}, wants it closed")
        else:
            yield script.at().expect(True, "can be read")
