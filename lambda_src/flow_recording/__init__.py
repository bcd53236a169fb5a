"""A flow.py run against verbs that only write down what they are asked: its diagram, its worst case, its mistakes.

Needs nothing but Python and the sources beside it, so that synth can use it, and never goes into the Lambda package.
"""
