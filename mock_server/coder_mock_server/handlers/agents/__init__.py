"""The agents page: what users read of agents, and what agents themselves ask and report."""
