"""GPT-2 on several processes, a part of the heads, neurons and vocabulary in each:

torchrun --nproc-per-node 2 examples/parallel.py
"""

from pathlib import Path

import torch
import torch.distributed as dist
from torch.distributed.device_mesh import init_device_mesh

import tnlang
from tnlang.parallel import parallelize

program = tnlang.load(str(Path(__file__).parent / "gallery" / "gpt2.tn"), dims={"layer": 2, "hidden": 64})
device = "cuda" if torch.cuda.is_available() else "cpu"
dist.init_process_group("nccl" if device == "cuda" else "gloo")
mesh = init_device_mesh(device, (dist.get_world_size(),), mesh_dim_names=("tp",))

torch.manual_seed(0)
module = program.nets["gpt2"].module()
tokens = torch.arange(8)[None]
alone = module(tokens).detach()
parallelize(module, mesh, head="tp", mlp="tp")

parts = module.attention[0].W_Q.to_local().shape
difference = float((module(tokens.to(device)).cpu() - alone).detach().abs().max())
print(f"process {dist.get_rank()} holds {parts[0]} of 12 heads; largest difference {difference:.1e}")
dist.destroy_process_group()
