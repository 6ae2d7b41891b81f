#!/usr/bin/python3
"""Runs one file of unittest tests and prints a TAP line for each, so that tests/run can count them.

    tests/tap.py tests/door/test_sign_in.py [NAME...]     NAME: Class or Class.test
"""
import importlib
import os
import sys
import traceback
import unittest


class TapResult(unittest.TestResult):
    def __init__(self):
        super().__init__()
        self.buffer = True  # what a test prints is shown only where it fails
        self.verdicts, self.skipped_classes, self.refused = {}, set(), 0

    def note(self, test, verdict, error=None):
        if not isinstance(test, unittest.TestCase):  # setUpClass and the like: its tests get their verdict at the end
            if verdict == "skip":
                self.skipped_classes.add(str(test))
        elif self.verdicts.get(test.id()) not in ("fail", "skip"):
            self.verdicts[test.id()] = verdict
        if error:
            for line in "".join(traceback.format_exception(*error)).splitlines():
                print("# " + line, file=sys.__stdout__)

    def addSuccess(self, test):
        self.note(test, "pass")

    def addFailure(self, test, err):
        self._mirrorOutput = True
        self.note(test, "fail", err)

    addError = addFailure

    def addSubTest(self, test, subtest, err):
        if err:
            print(f"# in {subtest}", file=sys.__stdout__)
            self.addFailure(test, err)

    def addSkip(self, test, reason):
        self.note(test, "skip")

    def addExpectedFailure(self, test, err):
        self.note(test, "pass")

    def addUnexpectedSuccess(self, test):
        print("# expected to fail, and passed", file=sys.__stdout__)
        self.note(test, "fail")

    def stopTest(self, test):
        super().stopTest(test)
        self.print_verdict(test)

    def print_verdict(self, test):
        verdict = self.verdicts.get(test.id())
        if verdict is None:
            skipped = any(f"{type(test).__module__}.{type(test).__qualname__}" in name for name in self.skipped_classes)
            verdict = "skip" if skipped else "fail"
        self.refused += verdict == "fail"
        name = test.id().split(".", 1)[1]
        print(f"{'not ok' if verdict == 'fail' else 'ok'} - {name}{' # SKIP' if verdict == 'skip' else ''}",
              file=sys.__stdout__, flush=True)


def each(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from each(test)
        else:
            yield test


def main():
    folder, name = os.path.split(os.path.abspath(sys.argv[1]))
    sys.path.insert(0, folder)
    sys.dont_write_bytecode = True
    module = importlib.import_module(os.path.splitext(name)[0])
    loader = unittest.TestLoader()
    suite = loader.loadTestsFromNames(sys.argv[2:], module) if sys.argv[2:] else loader.loadTestsFromModule(module)
    tests = list(each(suite))
    print(f"1..{len(tests)}", flush=True)
    result = TapResult()
    suite = unittest.TestSuite(tests)  # the same order; a suite forgets its tests as it runs them
    suite.run(result)
    for test in tests:
        if test.id() not in result.verdicts:
            result.print_verdict(test)
    sys.exit(1 if result.refused else 0)


if __name__ == "__main__":
    main()
