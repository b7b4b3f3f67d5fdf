from harness.load.dataset import DataSpec as DataSpec
from harness.load.schedule import TrafficSpec as TrafficSpec
