"""Contract faults in front of a healthy server, and how many of them the suite finds.

python -m tests.mutation                 every fault; a table of what was found
python -m tests.mutation --only wire-status-undocumented
"""
