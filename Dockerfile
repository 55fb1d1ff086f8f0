# hexviz for a team: the web server and its workers run the same image, see compose.yaml.
FROM python:3.11-slim

WORKDIR /src
COPY . .
# The workers export samples. PyPI's PyTorch for Linux is built for CUDA, gigabytes that no export needs.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
RUN pip install --no-cache-dir --constraint constraints.txt --extra-index-url "$TORCH_INDEX" '.[team,hf]'

# Its own user, who owns nothing but the cache folder.
RUN useradd --create-home --home-dir /home/hexviz hexviz \
    && mkdir -p /cache/hexviz && chown -R hexviz /cache && chmod 700 /cache/hexviz
USER hexviz
ENV XDG_CACHE_HOME=/cache
WORKDIR /home/hexviz
ENTRYPOINT ["hexviz"]
