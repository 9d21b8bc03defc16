"""The pure core: it decides and does nothing (no clock, files, chance, sockets, logging).

Its modules by what they are about, each list from the ground up:

- path languages: pattern, drawing, automaton, meeting, language, scope; segments, pattern_tree,
  clashes for a whole plan at once
- plans: plan, problem, graph, beside, problems, sequence, repair, contract, owners, planfile,
  briefing, estimate
- running one: state, schedule, expansion, pace, thrift, start; validity for one that goes on
  changed, retention for those that are over
- asking and reading: question, nonce, fingerprint, prompts/, reply/, assignment, worker, schema,
  patience, limits, outcomes, shrink, budget, pots
- the request and the repository: intent, naming, analysis, discovery/, requirements, paths
- judging and telling: verdict, evidence, judge, report, costs
- small tools: changes, codec, words
"""
