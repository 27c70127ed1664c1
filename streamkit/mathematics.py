"""Commands of mathematics (LaTeX, as MathJax and KaTeX render it) that a model may write into a notebook."""

from __future__ import annotations

import re

__all__ = ["is_ordinary"]

BEGINS = re.compile(r"\$|\\[(\[]|\\begin")
"""The signs that renderers take for the beginning of mathematics."""
# A command alone is harmless, and often it is not one, as in printf "$a\nDone". A command followed by something that it
# could take as an argument must be known.
WITH_ARGUMENTS = re.compile(r"\\([a-zA-Z@]{2,})[\s*~]*+[{\[%]")
# These define other commands, or take options after an argument of one letter.
NEVER = re.compile(
    r"\\(?:[egx]?def|(?:future)?let|(?:re)?new(?:command|environment|tagform)|provide\w+|Declare\w+"
    r"|mmlToken|enclose|bbox)(?![a-zA-Z@])"
)
NAMES = """
    frac dfrac tfrac cfrac binom dbinom tbinom sqrt root of over choose overset underset stackrel substack boxed fbox
    tag left right middle big Big bigg Bigg bigl bigr bigm Bigl Bigr Bigm biggl biggr biggm Biggl Biggr Biggm
    begin end hline cline text textbf textit textrm textsf texttt textnormal emph mbox operatorname
    mathrm mathbf mathit mathbb mathcal mathfrak mathscr mathsf mathtt mathnormal boldsymbol bm pmb bf it rm
    mathop mathbin mathrel mathord mathopen mathclose mathpunct mathinner
    bar hat vec dot ddot tilde check acute grave breve mathring widehat widetilde overline underline overbrace
    underbrace overrightarrow overleftarrow xrightarrow xleftarrow
    alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi omicron pi varpi rho
    varrho sigma varsigma tau upsilon phi varphi chi psi omega
    Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega
    sum prod coprod int iint iiint oint bigcup bigcap bigsqcup bigvee bigwedge bigoplus bigotimes bigodot limits
    nolimits lim limsup liminf sup inf max min arg argmax argmin det dim ker hom gcd lcm deg Pr mod bmod pmod pod
    log ln lg exp sin cos tan cot sec csc sinh cosh tanh coth arcsin arccos arctan
    le leq leqslant ge geq geqslant lt gt ne neq eq equiv cong sim simeq approx propto prec succ preceq succeq ll gg
    asymp doteq models vdash dashv perp parallel mid nmid
    in ni notin subset subseteq subsetneq supset supseteq supsetneq cup cap setminus sqcup sqcap emptyset varnothing
    pm mp times div cdot ast star circ bullet oplus ominus otimes odot wedge vee land lor lnot neg not
    forall exists nexists therefore because top bot infty partial nabla hbar ell Re Im aleph imath jmath wp angle
    triangle square Box Diamond prime degree
    to gets mapsto from rightarrow leftarrow leftrightarrow Rightarrow Leftarrow Leftrightarrow uparrow downarrow
    updownarrow longrightarrow longleftarrow longmapsto Longrightarrow Longleftarrow Longleftrightarrow
    hookrightarrow hookleftarrow rightharpoonup leftharpoonup rightleftharpoons nearrow searrow swarrow nwarrow
    implies impliedby iff ce pu cancel bcancel xcancel color textcolor hspace nonumber notag intertext
    lbrace rbrace lbrack rbrack langle rangle lfloor rfloor lceil rceil lvert rvert lVert rVert vert Vert backslash
    ldots cdots vdots ddots dots dotsc dotsb colon quad qquad thinspace displaystyle textstyle scriptstyle
    scriptscriptstyle
"""
ORDINARY = frozenset(NAMES.split())


def is_ordinary(text: str) -> bool:
    """True if all commands in ``text`` that take arguments or options are those of ordinary mathematics."""
    if not BEGINS.search(text):
        return True
    return not NEVER.search(text) and ORDINARY.issuperset(WITH_ARGUMENTS.findall(text))
