"""The syntax tree: what a .tn text says, before any name is looked up. Frozen, a span each.

Spans never take part in comparison, so two trees are equal when their texts say the same.
Names are NFKC-normalised. Text keeps its written order and brackets.
"""

from tnlang.syntax.ast.figures import *  # noqa: F403
from tnlang.syntax.ast.files import *  # noqa: F403
from tnlang.syntax.ast.statements import *  # noqa: F403
from tnlang.syntax.ast.terms import *  # noqa: F403
