"""The docker commands of Docker Registry's own introduction, as a user types them."""

PUSH = """
docker tag hello-world 127.0.0.1:5000/hello-world
docker push 127.0.0.1:5000/hello-world
"""
PULL_AND_RUN = """
docker rmi 127.0.0.1:5000/hello-world
docker pull 127.0.0.1:5000/hello-world
docker run 127.0.0.1:5000/hello-world
"""
