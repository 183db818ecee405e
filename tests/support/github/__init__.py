"""GitHub for tests. `fake_github` gives one; FakeGitHub says what can be done with it."""

from tests.support.github.answering import Refused
from tests.support.github.fake import FakeGitHub, fake_github
from tests.support.github.state import Pull, Repository

__all__ = ["FakeGitHub", "Pull", "Refused", "Repository", "fake_github"]
